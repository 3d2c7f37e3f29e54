/**
 * The environment and the time range, which all pages share. They are kept in the URL and carried
 * from page to page (`carried`).
 */
export interface Scope {
  /** Deployment environment; empty for all. */
  environment: string;
  /** Relative time range: `15m` to `30d`, `today` or `yesterday`; empty if there is none. */
  range: string;
  /**
   * Start of an absolute time range, ISO 8601; empty if there is none. Ignored if `range` is set.
   */
  from: string;
  to: string;
}

/**
 * Relative time ranges that the menu offers. In the URL, any number of minutes, hours, days or
 * weeks is valid.
 */
export const RANGES: readonly (readonly [range: string, label: string])[] = [
  ['15m', 'Last 15 minutes'],
  ['1h', 'Last hour'],
  ['4h', 'Last 4 hours'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['today', 'Today'],
  ['yesterday', 'Yesterday'],
];
const NAMES = ['environment', 'range', 'from', 'to'] as const;
const UNITS: Readonly<Record<string, readonly [word: string, ms: number]>> = {
  m: ['minutes', 60_000],
  h: ['hours', 3_600_000],
  d: ['days', 86_400_000],
  w: ['weeks', 604_800_000],
};
const RELATIVE = /^([1-9]\d{0,4})([mhdw])$/;

export function readScope(query: URLSearchParams): Scope {
  const get = (name: string): string => query.get(name) ?? '';
  return { environment: get('environment'), range: get('range'), from: get('from'), to: get('to') };
}

/** Start and end of a time range, epoch ms; null if it has no start or end. */
export interface Span {
  fromMs: number | null;
  toMs: number | null;
}

/**
 * Returns the time range of a scope. Days begin at midnight in the reader's time zone. An invalid
 * value counts as no limit; `scopeProblem` reports it.
 */
export function spanOf({ range, from, to }: Scope, nowMs: number): Span {
  if (range === 'today') return { fromMs: midnight(nowMs, 0), toMs: null };
  if (range === 'yesterday') return { fromMs: midnight(nowMs, -1), toMs: midnight(nowMs, 0) };
  const relative = RELATIVE.exec(range);
  if (relative)
    return { fromMs: nowMs - Number(relative[1]) * UNITS[relative[2]!]![1], toMs: null };
  if (range !== '') return { fromMs: null, toMs: null };
  return { fromMs: instant(from), toMs: instant(to) };
}

/** Returns the time range of the same length just before; null if the range has no start. */
export function spanBefore(span: Span, nowMs: number): Span | null {
  if (span.fromMs === null) return null;
  return { fromMs: 2 * span.fromMs - (span.toMs ?? nowMs), toMs: span.fromMs };
}

/** Returns what is wrong with the time range of a scope; null if it is valid. */
export function scopeProblem({ range, from, to }: Scope): string | null {
  const named = range === '' || RANGES.some(([name]) => name === range) || RELATIVE.test(range);
  if (!named) return `range: "${range}" is no time; it is for example 15m, 24h, 7d or today`;
  for (const [name, text] of [['from', from] as const, ['to', to] as const])
    if (range === '' && text !== '' && instant(text) === null)
      return `${name}: "${text}" is no instant; it is for example 2026-01-31T12:00:00Z`;
  return null;
}

/** Returns the time range of a scope in words; empty if it is unlimited. */
export function scopeText(scope: Scope, absolute: (ms: number) => string): string {
  const named = RANGES.find(([name]) => name === scope.range);
  if (named) return named[1];
  const relative = RELATIVE.exec(scope.range);
  if (relative) return `Last ${relative[1]} ${UNITS[relative[2]!]![0]}`;
  const { fromMs, toMs } = spanOf(scope, 0);
  if (fromMs === null && toMs === null) return '';
  if (fromMs === null) return `Until ${absolute(toMs!)}`;
  return toMs === null ? `Since ${absolute(fromMs)}` : `${absolute(fromMs)} – ${absolute(toMs)}`;
}

/** Returns the API parameters for a scope. A relative time range ends at `nowMs`. */
export function scopeParameters(scope: Scope, nowMs: number): Record<string, string> {
  const { fromMs, toMs } = spanOf(scope, nowMs);
  return {
    ...(scope.environment !== '' && { environment: scope.environment }),
    ...(fromMs !== null && { from: new Date(fromMs).toISOString() }),
    ...(toMs !== null && { to: new Date(toMs).toISOString() }),
  };
}

/**
 * Returns the URL with the environment and time range of the present page added, so that they stay
 * when the page changes. Values in the URL itself take precedence.
 */
export function carried(address: string, present: URLSearchParams): string {
  const [path = '', query = ''] = address.split('?');
  const next = new URLSearchParams(query);
  const hasTime = ['range', 'from', 'to'].some((name) => next.has(name));
  for (const name of NAMES) {
    const value = present.get(name);
    const isTaken = name === 'environment' ? next.has(name) : hasTime;
    if (value !== null && !isTaken) next.set(name, value);
  }
  const text = next.toString();
  return text === '' ? path : `${path}?${text}`;
}

function midnight(nowMs: number, days: number): number {
  const day = new Date(nowMs);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() + days);
  return day.getTime();
}
function instant(text: string): number | null {
  const ms = text === '' ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
