/**
 * Converts time to position and back. Time is linear while a step is running. A stretch without
 * work takes at most its share of the width and is folded if it would take more. Positions grow
 * with time, from 0 to 1 over `view`, and change continuously, so that nothing jumps while time
 * goes on.
 */
export interface Scale {
  at(ms: number): number;
  msAt(x: number): number;
  /** Folded stretches, in which time is not to scale. */
  gaps: { x: number; width: number; ms: number }[];
  /** Stretches that are not folded. Each is linear with the same `perMs`. */
  runs: Interval[];
  perMs: number;
  view: Interval;
}

export interface Interval {
  from: number;
  to: number;
}

interface Idle extends Interval {
  most: number;
}

/**
 * Returns a scale. `mostOf` returns the maximum share of the width for an idle stretch; Infinity
 * prevents folding.
 */
export function createScale(
  busy: readonly Interval[],
  view: Interval,
  mostOf: (idle: Interval) => number,
): Scale {
  const { folded, perMs } = fold(idleOf(busy, view, mostOf), view.to - view.from);
  const knots = [{ ms: view.from, x: 0 }];
  const runs: Interval[] = [];
  const gaps: Scale['gaps'] = [];
  const runTo = (ms: number): void => {
    const last = knots[knots.length - 1]!;
    if (ms <= last.ms) return;
    runs.push({ from: last.ms, to: ms });
    knots.push({ ms, x: last.x + (ms - last.ms) * perMs });
  };
  for (const { from, to, most } of folded) {
    runTo(from);
    const { x } = knots[knots.length - 1]!;
    gaps.push({ x, width: most, ms: to - from });
    knots.push({ ms: to, x: x + most });
  }
  runTo(view.to);
  knots[knots.length - 1]!.x = 1; // This removes the rounding error.
  const between = (value: number, of: 'ms' | 'x', give: 'ms' | 'x'): number => {
    let low = 0;
    let high = knots.length - 1;
    if (value <= knots[low]![of]) return knots[low]![give];
    if (value >= knots[high]![of]) return knots[high]![give];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (knots[middle]![of] <= value) low = middle;
      else high = middle;
    }
    const [a, b] = [knots[low]!, knots[high]!];
    return a[give] + ((value - a[of]) / (b[of] - a[of])) * (b[give] - a[give]);
  };
  return {
    at: (ms) => between(ms, 'ms', 'x'),
    msAt: (x) => between(x, 'x', 'ms'),
    gaps,
    runs,
    perMs,
    view,
  };
}

function idleOf(
  busy: readonly Interval[],
  view: Interval,
  mostOf: (idle: Interval) => number,
): Idle[] {
  const idle: Idle[] = [];
  const add = (from: number, to: number): void => {
    if (to > from) idle.push({ from, to, most: mostOf({ from, to }) });
  };
  let reached = view.from;
  for (const { from, to } of [...busy].sort((a, b) => a.from - b.from)) {
    if (from >= view.to) break;
    add(reached, from);
    reached = Math.max(reached, to);
  }
  add(reached, view.to);
  return idle;
}

/**
 * Folds the stretches that exceed their share of the width, the one that exceeds it most first.
 * Each folding widens the rest, so a stretch that was folded stays above its share. Returns the
 * folded stretches, and the width per ms of the unfolded time.
 */
function fold(idle: Idle[], length: number): { folded: Idle[]; perMs: number } {
  let ms = Math.max(0.001, length);
  let width = 1;
  const folded: Idle[] = [];
  const excess = (one: Idle): number => (one.to - one.from) / one.most;
  for (const one of idle.sort((a, b) => excess(b) - excess(a))) {
    const its = one.to - one.from;
    // A stretch is not folded if no other time would be left to take the rest of the width.
    if ((its * width) / ms <= one.most || ms - its <= 0.0005) break;
    folded.push(one);
    ms -= its;
    width -= one.most;
  }
  return { folded: folded.sort((a, b) => a.from - b.from), perMs: width / ms };
}
