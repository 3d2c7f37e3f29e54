/**
 * Returns the last word of a query, the only one that is completed; null: the query ends within a
 * quotation.
 */
export function lastWord(text: string): string | null {
  if ((text.match(/"/g) ?? []).length % 2 === 1) return null;
  return /[^\s()]*$/.exec(text)![0].replace(/^-/, '');
}

/**
 * Replaces the last word by a suggestion. A space follows a value; a field is left open for its
 * value.
 */
export function completed(text: string, suggestion: string): string {
  const start = text.slice(0, text.length - (lastWord(text) ?? '').length);
  return start + suggestion + (/[:>]$/.test(suggestion) ? '' : ' ');
}
