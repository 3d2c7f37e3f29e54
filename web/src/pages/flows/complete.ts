/** The word that a query ends with, or null where there is nothing to complete: within a quotation. */
export function lastWord(text: string): string | null {
  if ((text.match(/"/g) ?? []).length % 2 === 1) return null;
  return /[^\s()]*$/.exec(text)![0].replace(/^-/, '');
}

/** The query with its last word replaced. A value is followed by a space, a field waits for its value. */
export function completed(text: string, suggestion: string): string {
  const start = text.slice(0, text.length - (lastWord(text) ?? '').length);
  return start + suggestion + (/[:>]$/.test(suggestion) ? '' : ' ');
}
