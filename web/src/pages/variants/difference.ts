/** How a step stands to the usual way. */
export type Mark = 'same' | 'added' | 'missing' | 'repeated' | 'moved' | 'awaited';

/** A step of a variant; `times` counts it where it comes several times in a row. */
export interface Chip {
  name: string;
  mark: Mark;
  times: number;
}

/**
 * Returns the steps of a variant with how each differs from the usual way: by their longest common
 * subsequence, so that one step more does not make all that follow differ. `isOpen`: flows of the
 * variant are still under way, so that what is missing at its end may still come.
 */
export function differenceFrom(
  usual: readonly string[],
  steps: readonly string[],
  isOpen = false,
): Chip[] {
  const chips = markMoved(compare(usual, steps), usual, steps);
  return joined(isOpen ? markAwaited(chips) : chips);
}

function compare(usual: readonly string[], steps: readonly string[]): Chip[] {
  const lengths = commonLengths(usual, steps);
  const chips: Chip[] = [];
  let [i, j] = [0, 0];
  while (i < usual.length || j < steps.length) {
    if (i < usual.length && usual[i] === steps[j]) {
      chips.push({ name: usual[i]!, mark: 'same', times: 1 });
      [i, j] = [i + 1, j + 1];
    } else if (
      j === steps.length ||
      (i < usual.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)
    )
      chips.push({ name: usual[i++]!, mark: 'missing', times: 1 });
    else chips.push({ name: steps[j++]!, mark: 'added', times: 1 });
  }
  return chips;
}

/** Returns the lengths of the longest common subsequences of all ends of two lists. */
function commonLengths(a: readonly string[], b: readonly string[]): number[][] {
  const lengths = Array.from({ length: a.length + 1 }, () =>
    Array.from({ length: b.length + 1 }, () => 0),
  );
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] =
        a[i] === b[j]
          ? lengths[i + 1]![j + 1]! + 1
          : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  return lengths;
}

/**
 * Tells what was added apart: a step that is missing elsewhere was moved, and one that comes more
 * often than usual is repeated.
 */
function markMoved(
  chips: readonly Chip[],
  usual: readonly string[],
  steps: readonly string[],
): Chip[] {
  const missing = new Map<string, number>();
  for (const { name, mark } of chips)
    if (mark === 'missing') missing.set(name, (missing.get(name) ?? 0) + 1);
  const movedAway = new Map<string, number>();
  const marked = chips.map((chip): Chip => {
    if (chip.mark !== 'added') return chip;
    const left = missing.get(chip.name) ?? 0;
    if (left > 0) {
      missing.set(chip.name, left - 1);
      movedAway.set(chip.name, (movedAway.get(chip.name) ?? 0) + 1);
      return { ...chip, mark: 'moved' };
    }
    return usual.includes(chip.name) || isRepeated(chip.name, steps)
      ? { ...chip, mark: 'repeated' }
      : chip;
  });
  return marked.filter(({ name, mark }) => {
    const left = movedAway.get(name) ?? 0;
    if (mark !== 'missing' || left === 0) return true;
    movedAway.set(name, left - 1);
    return false;
  });
}
const isRepeated = (name: string, steps: readonly string[]): boolean =>
  steps.indexOf(name) !== steps.lastIndexOf(name);

function markAwaited(chips: readonly Chip[]): Chip[] {
  const last = chips.findLastIndex(({ mark }) => mark !== 'missing');
  return chips.map((chip, i) => (i > last ? { ...chip, mark: 'awaited' } : chip));
}

function joined(chips: readonly Chip[]): Chip[] {
  const all: Chip[] = [];
  for (const chip of chips) {
    const before = all.at(-1);
    if (before?.name === chip.name && before.mark === chip.mark) before.times += chip.times;
    else all.push({ ...chip });
  }
  return all;
}

/** Returns the way without its difference, `POST /write ×2` for two in a row. */
export const plain = (steps: readonly string[]): Chip[] =>
  joined(steps.map((name) => ({ name, mark: 'same', times: 1 })));

/** Steps that are shown, or a number of usual ones that are not. */
export type Shown = Chip | { folded: number };

/** Returns the chips with long runs of usual steps folded, so that what differs is seen. */
export function folded(chips: readonly Chip[]): Shown[] {
  const shown: Shown[] = [];
  for (let i = 0; i < chips.length;) {
    const { mark } = chips[i]!;
    let end = i;
    while (end < chips.length && chips[end]!.mark === mark) end++;
    const canFold = mark === 'same' || mark === 'awaited';
    // The steps beside a difference say where it is.
    const [head, tail] = [i === 0 && mark === 'same' ? 0 : 1, end === chips.length ? 0 : 1];
    if (canFold && end - i - head - tail > 1)
      shown.push(
        ...chips.slice(i, i + head),
        { folded: end - i - head - tail },
        ...chips.slice(end - tail, end),
      );
    else shown.push(...chips.slice(i, end));
    i = end;
  }
  return shown;
}

const VERBS: readonly (readonly [mark: Mark, verb: string])[] = [
  ['added', 'adds'],
  ['missing', 'skips'],
  ['repeated', 'repeats'],
  ['moved', 'has in other order'],
  ['awaited', 'has still to come to'],
];

/** Returns in words how a variant differs from the usual way. */
export function differenceText(chips: readonly Chip[]): string {
  const parts = VERBS.flatMap(([mark, verb]) => {
    const names = [...new Set(chips.flatMap((chip) => (chip.mark === mark ? [chip.name] : [])))];
    return names.length === 0 ? [] : [`${verb} ${names.join(', ')}`];
  });
  return parts.length === 0 ? 'as usual' : parts.join('; ');
}
