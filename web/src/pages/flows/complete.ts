/** Only the last word of a query is completed; null: it ends within a quotation. */
export function lastWord(text: string): string | null {
  if ((text.match(/"/g) ?? []).length % 2 === 1) return null;
  return /[^\s()]*$/.exec(text)![0].replace(/^-/, '');
}

/** The suggestion replaces the last word. A space follows a value; a field waits for its value. */
export function completed(text: string, suggestion: string): string {
  const start = text.slice(0, text.length - (lastWord(text) ?? '').length);
  return start + suggestion + (/[:>]$/.test(suggestion) ? '' : ' ');
}
