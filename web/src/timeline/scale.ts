/**
 * Maps time to position and back. The scale is linear over work, and a stretch without work takes
 * at most `most` of the width. The scale is monotone, 0 … 1 over `view`, and depends continuously
 * on every instant from which it is made, so that nothing jumps as time goes on.
 */
export interface Scale {
  at(ms: number): number;
  msAt(x: number): number;
  /** Stretches that are folded, so that they are not to scale. */
  gaps: { x: number; width: number; ms: number }[];
  /** Stretches that are not folded. In all of them the scale is linear with the same `perMs`. */
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
 * Makes a scale. `mostOf` returns the maximum share of the width that an idle stretch may take;
 * Infinity if the stretch is to be to scale.
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
 * Folds the stretches that exceed their share of the width, beginning with the one that exceeds it
 * most. Folding a stretch gives room to all that is left, so a stretch that was folded before would
 * still exceed its share. Returns the folded stretches, and the width per ms of all that is left.
 */
function fold(idle: Idle[], length: number): { folded: Idle[]; perMs: number } {
  let ms = Math.max(0.001, length);
  let width = 1;
  const folded: Idle[] = [];
  const excess = (one: Idle): number => (one.to - one.from) / one.most;
  for (const one of idle.sort((a, b) => excess(b) - excess(a))) {
    const its = one.to - one.from;
    // If only idle time is left, it is not folded, because something has to take the width.
    if ((its * width) / ms <= one.most || ms - its <= 0.0005) break;
    folded.push(one);
    ms -= its;
    width -= one.most;
  }
  return { folded: folded.sort((a, b) => a.from - b.from), perMs: width / ms };
}
