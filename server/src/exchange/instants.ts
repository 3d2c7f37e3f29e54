/**
 * Reads an instant as files write it: ISO 8601, or a number of seconds, milliseconds, microseconds
 * or nanoseconds since 1970, which are distinguished by their size. A time without a zone counts as
 * UTC. Returns null for anything else.
 */
export function readInstant(value: unknown): bigint | null {
  if (typeof value === 'number') return readNumber(value);
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^\d{1,19}(?:\.\d{1,9})?$/.test(text))
    return text.includes('.') ? readNumber(Number(text)) : ofMagnitude(BigInt(text));
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, day = '', time = '00:00:00', fraction = '', zone = ''] = match;
  const ms = Date.parse(`${day}T${time.length === 5 ? `${time}:00` : time}${zoneOf(zone)}`);
  if (Number.isNaN(ms)) return null;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}

const ISO =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?$/i;
const zoneOf = (zone: string): string =>
  /^[+-]\d{4}$/.test(zone)
    ? `${zone.slice(0, 3)}:${zone.slice(3)}`
    : zone.startsWith('+') || zone.startsWith('-')
      ? zone
      : 'Z';

function readNumber(value: number): bigint | null {
  if (!Number.isFinite(value) || value < 0 || value > 1e19) return null;
  if (Number.isInteger(value)) return ofMagnitude(BigInt(value));
  // A number with a fraction is in seconds or in milliseconds.
  return BigInt(Math.round(value < 1e11 ? value * 1e6 : value * 1000)) * 1000n;
}

const ofMagnitude = (value: bigint): bigint =>
  value < 100_000_000_000n
    ? value * 1_000_000_000n
    : value < 100_000_000_000_000n
      ? value * 1_000_000n
      : value < 100_000_000_000_000_000n
        ? value * 1000n
        : value;

/**
 * Formats an instant as ISO 8601 with three, six or nine decimals, as many as are needed to keep it
 * exact.
 */
export function writeInstant(at: bigint): string {
  const MAX_MS = 8_640_000_000_000_000n;
  const ms = at / 1_000_000n;
  const date = new Date(Number(ms > MAX_MS ? MAX_MS : ms)).toISOString();
  const rest = String(at % 1_000_000n).padStart(6, '0');
  const digits = rest === '000000' ? '' : rest.endsWith('000') ? rest.slice(0, 3) : rest;
  return `${date.slice(0, -1)}${digits}Z`;
}
