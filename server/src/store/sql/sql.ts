/**
 * Formats SQL that is written over several lines. Removes the indentation of the source, and
 * indents inserted lines like the placeholder that they replace. Insert only SQL and numbers. Bind
 * every other value (`{name:Type}`), because it could otherwise inject SQL.
 */
export function sql(texts: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  let text = texts[0] ?? '';
  for (const [i, part] of parts.entries()) {
    const line = text.slice(text.lastIndexOf('\n') + 1);
    const indentation = ' '.repeat(line.length - line.trimStart().length);
    text += String(part).replaceAll('\n', `\n${indentation}`) + (texts[i + 1] ?? '');
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const margin = Math.min(...lines.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
}
