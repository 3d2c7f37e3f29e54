/**
 * Returns the last word of a query, which can be completed; null if the query ends within a
 * quotation.
 */
export function lastWord(text: string): string | null {
  if ((text.match(/"/g) ?? []).length % 2 === 1) return null;
  return /[^\s()]*$/.exec(text)![0].replace(/^-/, '');
}

/**
 * Returns the query with its last word replaced by a suggestion. A space follows, except after the
 * name of a field, because its value is typed next.
 */
export function completed(text: string, suggestion: string): string {
  const start = text.slice(0, text.length - (lastWord(text) ?? '').length);
  return start + suggestion + (/[:>]$/.test(suggestion) ? '' : ' ');
}
