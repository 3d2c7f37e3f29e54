const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * Returns a formatter for the times on an axis. It omits seconds or the date if the times can be
 * told apart without them.
 */
export function clockOf(times: readonly string[]): (ms: number) => string {
  const [first, second, last] = [times[0], times[1], times.at(-1)].map((at) =>
    Date.parse(at ?? ''),
  );
  const isShort = second! - first! < MINUTE_MS;
  const isLong = last! - first! >= DAY_MS;
  const format = new Intl.DateTimeFormat(undefined, {
    ...{ hour: '2-digit', minute: '2-digit', hour12: false },
    ...(isShort && { second: '2-digit' }),
    ...(isLong && { day: 'numeric', month: 'short' }),
  });
  return (ms) => format.format(ms);
}
