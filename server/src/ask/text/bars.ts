/** A part of a line of time: from `from` to `to`, both 0 to 1. */
export interface Part {
  from: number;
  to: number;
  mark: string;
}

/**
 * Draws parts on a line of `width` characters; later parts cover earlier ones. Each part takes one
 * character at least, because a step that took no time was there, too.
 */
export function bar(parts: readonly Part[], width: number): string {
  const line = new Array<string>(width).fill(' ');
  for (const { from, to, mark } of parts) {
    const start = Math.min(width - 1, Math.max(0, Math.floor(from * width)));
    const end = Math.min(width, Math.max(start + 1, Math.round(to * width)));
    line.fill(mark, start, end);
  }
  return line.join('').trimEnd();
}
