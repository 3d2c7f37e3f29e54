const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
export const DAY_MS = UNITS.d;

const DURATION = new RegExp(String.raw`^(\d{1,9}(?:\.\d{1,3})?)(${Object.keys(UNITS).join('|')})$`);
export const isDuration = (text: string): boolean => DURATION.test(text);

/**
 * Parses a duration such as `30s`, `1.5h` or `2w`. Returns ms; null for any other text. Settings,
 * alerts, definitions and queries all use this function, so that they accept the same durations.
 */
export function durationMs(text: string): number | null {
  const match = DURATION.exec(text);
  return match === null ? null : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

/**
 * Formats a duration so that `durationMs` can parse it, in the largest unit that divides it without
 * a remainder.
 */
export function durationText(ms: number): string {
  const [unit, size] =
    Object.entries(UNITS)
      .reverse()
      .find(([, one]) => ms % one === 0) ?? (['ms', 1] as const);
  return `${ms / size}${unit}`;
}
