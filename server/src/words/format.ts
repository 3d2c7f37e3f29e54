/** Formats a duration as a short text in readable units: `1.50 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  if (ms === 0) return '0 ms';
  if (ms < 1) return ms < 0.005 ? '< 0.01 ms' : `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(2)} s`;
  if (s < 59.95) return `${s.toFixed(1)} s`;
  // The value is rounded before it is split, so that there is no "28 min 60 s".
  const whole = Math.round(s);
  const m = Math.floor(whole / 60);
  if (m < 60) return `${m} min ${whole % 60} s`;
  const h = Math.floor(m / 60);
  return h < 48 ? `${h} h ${m % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

export const nanosToMs = (nanos: string): number => Number(BigInt(nanos) / 1000n) / 1000;

export function ago(ms: number, now: number): string {
  const s = Math.abs(now - ms) / 1000;
  if (s < 5) return 'now';
  const long =
    s < 60
      ? `${Math.floor(s)} s`
      : s < 3600
        ? `${Math.floor(s / 60)} min`
        : s < 172_800
          ? `${Math.floor(s / 3600)} h`
          : `${Math.floor(s / 86_400)} d`;
  return ms > now ? `in ${long}` : `${long} ago`;
}

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
const clock = new Intl.DateTimeFormat(undefined, { ...TIME, fractionalSecondDigits: 3 });
const second = new Intl.DateTimeFormat(undefined, TIME);
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' });
export const fullTime = (ms: number): string => full.format(ms);

/**
 * Returns a time of day. It has a date if the date is not today's, and a year if the year is not
 * the present one.
 */
export function absolute(ms: number, now: number, to: 'ms' | 's' = 'ms'): string {
  const [at, today] = [new Date(ms), new Date(now)];
  const time = (to === 'ms' ? clock : second).format(ms);
  if (at.toDateString() === today.toDateString()) return time;
  return `${(at.getFullYear() === today.getFullYear() ? day : dayOfYear).format(ms)}, ${time}`;
}

/** Returns the text with its first letter in upper case. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * Replaces the instants (ISO 8601) in a sentence of the server by times in the reader's time zone.
 */
export const withTimes = (text: string, now: number): string =>
  text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (iso) => absolute(Date.parse(iso), now, 's'));

/**
 * Isolates right-to-left names and removes bidirectional marks, so that they do not affect the text
 * around them in a sentence, tooltip or title, where no `<bdi>` element can be used. Returns other
 * text unchanged.
 */
export const isolate = (text: string): string =>
  TURNING.test(text) ? `\u2068${text.replace(MARKS, '')}\u2069` : text;
const TURNING =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const MARKS = /[\u202a-\u202e\u2066-\u2069]/g;

/** Returns a status as people write it, instead of its name in the API. */
export const statusText = (status: string): string => status.replace('_', ' ');

/** Sentences that explain badges, each shown as the tooltip of its badge. */
export const BADGE_HELP: Record<string, string> = {
  'broken-context': 'Trace context was lost or leaked here; the join rests on weaker evidence.',
  'clock-skew':
    'A clock was wrong: times are shifted so that nothing is received before it was sent.',
  'missing-parent': 'A span names a parent that has not arrived.',
  'unseen-cause': 'A message came from a span that has not arrived.',
  shared: 'A span here served several flows, such as a batch; it does not join them.',
  'duplicate-processing': 'One message was processed again after it had succeeded.',
  cycle: 'Spans name each other as parents; the cycle was cut.',
  repaired: 'A span had impossible values, such as an end before its start.',
  'id-conflict': 'A span names another flow than the evidence does.',
  sampled: 'Its traces were sampled: what is missing may simply not have been kept.',
  imported: 'It is history that was imported: it teaches nothing, and nobody is alerted.',
  'no-known-consumer':
    'A message was sent, and its consumer is not traced: none was ever seen there. The flow does not wait for it.',
  'contradictory-outcome': 'The flow was declared ended in more than one way; the earliest counts.',
  'work-after-answer': 'Work for the request went on after it was answered.',
  truncated: 'The flow has more spans than a timeline holds.',
};

/**
 * Returns a text that says why something was joined to a flow, and how strong that evidence is:
 * `message id (95 %)`.
 */
export const evidenceText = ({ kind, strength }: { kind: string; strength: number }): string =>
  `${kind.replaceAll('-', ' ')} (${Math.round(strength * 100)} %)`;

/** Formats a number of things: `1 flow`, `12,310 flows`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** Formats an age in the two largest units, without fractions: `13 min`, `2 h 5 min`. */
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 48) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`;
  return `${Math.floor(h / 24)} d`;
}
