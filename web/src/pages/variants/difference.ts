/** How a step of a variant differs from the usual sequence of steps. */
export type Mark = 'same' | 'added' | 'missing' | 'repeated' | 'moved' | 'awaited';

/** A step of a variant. `times` is above 1 if it occurs several times in a row. */
export interface Chip {
  name: string;
  mark: Mark;
  times: number;
}

/**
 * Returns the steps of a variant, each with its difference from the usual sequence. The comparison
 * uses the longest common subsequence, so that one additional step does not shift all that follow.
 * If `isOpen` is true, steps that are missing at the end may still come.
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

/**
 * Returns the table of longest common subsequences: entry `[i][j]` is their length for `a` from `i`
 * and `b` from `j`.
 */
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
 * Refines the mark `added`: a step that is missing elsewhere in the variant was moved, and a step
 * that occurs more often than usual is repeated.
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

/** Returns the steps without differences. Equal steps in a row become one: `POST /write ×2`. */
export const plain = (steps: readonly string[]): Chip[] =>
  joined(steps.map((name) => ({ name, mark: 'same', times: 1 })));

/** A step that is shown, or the number of usual steps that are folded. */
export type Shown = Chip | { folded: number };

/** Folds long runs of usual steps, so that the differences stand out. */
export function folded(chips: readonly Chip[]): Shown[] {
  const shown: Shown[] = [];
  for (let i = 0; i < chips.length;) {
    const { mark } = chips[i]!;
    let end = i;
    while (end < chips.length && chips[end]!.mark === mark) end++;
    const canFold = mark === 'same' || mark === 'awaited';
    // The steps next to a difference are not folded, because they show where it is.
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

/** Returns a text about how a variant differs from the usual sequence. */
export function differenceText(chips: readonly Chip[]): string {
  const parts = VERBS.flatMap(([mark, verb]) => {
    const names = [...new Set(chips.flatMap((chip) => (chip.mark === mark ? [chip.name] : [])))];
    return names.length === 0 ? [] : [`${verb} ${names.join(', ')}`];
  });
  return parts.length === 0 ? 'as usual' : parts.join('; ');
}
