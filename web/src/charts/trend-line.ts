/**
 * Returns the points of an SVG polyline through these numbers, from left to right. The largest
 * number is at the top of a box of `width` by `height`, 0 at its bottom.
 */
export function trendLine(numbers: readonly number[], width: number, height: number): string {
  const most = Math.max(1, ...numbers);
  const step = numbers.length > 1 ? width / (numbers.length - 1) : 0;
  return numbers
    .map((number, i) => `${round(i * step)},${round(height - (number / most) * height)}`)
    .join(' ');
}
const round = (value: number): number => Math.round(value * 10) / 10;
