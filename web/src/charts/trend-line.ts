/**
 * Returns the points of a line through these numbers, from left to right, as a list for SVG. The
 * largest number is at the top of a box of `width` by `height`, and 0 is at its bottom.
 */
export function trendLine(numbers: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...numbers);
  const step = numbers.length > 1 ? width / (numbers.length - 1) : 0;
  return numbers
    .map((number, i) => `${round(i * step)},${round(height - (number / most) * height)}`)
    .join(' ');
}
const round = (value: number): number => Math.round(value * 10) / 10;
