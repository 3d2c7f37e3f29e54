/**
 * Most edits between a misspelt name and a candidate for it. A candidate that needs more edits
 * counts as another word.
 */
const MAX_EDITS = 5;

/**
 * Returns the candidate that a misspelt name most likely stands for ("did you mean …?"), or
 * undefined if no candidate is near. If `name` is the beginning of candidates, the first of these
 * is returned.
 */
export function closestTo(name: string, candidates: readonly string[]): string | undefined {
  const begun =
    name.length >= 2 ? candidates.find((candidate) => candidate.startsWith(name)) : undefined;
  if (begun !== undefined) return begun;
  const allowed = Math.min(MAX_EDITS, Math.ceil(name.length / 2));
  let best: { candidate: string; edits: number } | undefined;
  for (const candidate of candidates) {
    const edits = levenshtein(name, candidate);
    if (edits <= allowed && edits < (best?.edits ?? Infinity)) best = { candidate, edits };
  }
  return best?.candidate;
}

/** Returns how many letters have to be added, removed or replaced to turn `a` into `b`. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row[b.length]!;
}
