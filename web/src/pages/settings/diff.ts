/** A line of a comparison of two texts: in both, only in the old one, or only in the new one. */
export interface DiffLine {
  kind: 'same' | 'old' | 'new';
  text: string;
}

/**
 * Compares two texts line by line. Its time grows with the product of their lengths, which is fast
 * enough for definitions of some hundred lines.
 */
export function diffOf(before: string, after: string): DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  // `common[i][j]` is the length of the longest common subsequence of `a` from line `i` and `b`
  // from line `j`.
  const common = Array.from({ length: a.length + 1 }, () =>
    Array.from({ length: b.length + 1 }, () => 0),
  );
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i]![j] =
        a[i] === b[j]
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length)
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i]! });
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && common[i + 1]![j]! >= common[i]![j + 1]!))
      lines.push({ kind: 'old', text: a[i++]! });
    else lines.push({ kind: 'new', text: b[j++]! });
  return lines;
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.trimEnd().split('\n'));
