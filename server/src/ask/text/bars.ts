/** A part of a timeline in plain text. `from` and `to` are between 0 and 1. */
export interface Part {
  from: number;
  to: number;
  mark: string;
}

/**
 * Draws parts on a line of `width` characters. Later parts cover earlier ones. Each part takes at
 * least one character, so that a step without duration is visible.
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

const HEIGHTS = '▁▂▃▄▅▆▇█';

/** Draws numbers as columns, the greatest of which is as high as a line; a zero is a space. */
export function columnsOf(numbers: readonly number[]): string {
  const most = Math.max(1, ...numbers);
  return numbers
    .map((n) => (n <= 0 ? ' ' : HEIGHTS[Math.ceil((n / most) * HEIGHTS.length) - 1]!))
    .join('');
}
