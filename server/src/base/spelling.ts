/**
 * Maximum number of edits between a misspelt name and a suggestion. A candidate with more edits is
 * considered a different word.
 */
const MAX_EDITS = 5;

/**
 * Returns the candidate that a misspelt name most likely means ("did you mean …?"); undefined if
 * none is similar. If candidates begin with `name`, returns the first of them.
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

/** Returns the minimum number of letters to add, remove or replace to turn `a` into `b`. */
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
