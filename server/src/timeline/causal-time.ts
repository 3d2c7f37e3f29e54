import { pushAll } from '../base/lists.ts';
import type { Span, SpanKey } from '../model/span.ts';
import { clockOf, isAnybody, type KnownClocks } from './clocks/index.ts';
import { MAX_LAG_NS, MIN_NS, TOLERANCE_NS, wrongClocks } from './clocks/wrong-clocks.ts';
import { allSegments, type FlowInput, type InputSegment } from '../model/flow-input.ts';
import { isSend } from '../model/roles.ts';

/** Shifts map the raw times of spans to causal times. The raw times are kept unchanged. */
export interface Shifts {
  /**
   * Returns the shift, ns, for the times of this span, which may also be a span of the flow's
   * context.
   */
  of(span: Span): bigint;
  /**
   * Returns the shift, ns, of the segment's head. Spans of another service inside the segment may
   * have another clock and so another shift.
   */
  get(segment: InputSegment): bigint;
}

/**
 * Computes the shifts that make a flow's times causally possible. First, the known error of each
 * process's clock is subtracted. If the flow is still impossible, the fewest clocks that explain
 * this are assumed to be wrong by more, and clocks that agree with each other are moved together.
 * What is still impossible then comes from a clock that was adjusted while the flow ran. Each such
 * segment is shifted just enough to begin after its send, and the segments that it caused are
 * shifted with it.
 */
export function causalShifts(input: FlowInput, clocks: KnownClocks): Shifts {
  const crossings = crossingsOf(input);
  for (const { from, to, ns, isSure } of crossings) if (isSure) clocks.waited(from, to, ns);
  const aheadNs = knownIn(input, crossings, clocks);
  const more = foundIn(crossings, aheadNs, lagsIn(input, aheadNs));
  const byClock = (span: Span): bigint =>
    -aheadNs(span) - (more.size === 0 ? 0n : (more.get(clockOf(span.service)) ?? 0n));
  const bySegment = remaining(input, byClock);
  if (aheadNs === NOTHING && more.size === 0 && bySegment.size === 0) return NO_SHIFTS;
  const extra = new Map<Span, bigint>();
  for (const [{ spans }, shift] of bySegment) for (const span of spans) extra.set(span, shift);
  const of = (span: Span): bigint => byClock(span) + (extra.get(span) ?? 0n);
  return { of, get: ({ head }) => of(head) };
}

const NOTHING = (): bigint => 0n;
const NO_SHIFTS: Shifts = { of: NOTHING, get: NOTHING };

/** A cause and its effect in two processes. */
interface Crossing {
  from: Span;
  to: Span;
  /**
   * Time, ns, from the start of the cause to the moment when the effect took it (`takenAt`), as
   * their two clocks measured it.
   */
  ns: bigint;
  /**
   * False if the effect was matched to its cause by message id. The id may have been used again,
   * and the match may then be the wrong send.
   */
  isSure: boolean;
}

/**
 * Returns when the span took its message. For a receive span this is its end, because a poll may
 * begin before the message is sent, but ends with the message. For other spans it is the start.
 */
const takenAt = ({ role, start, end }: Span): bigint => (role === 'receive' ? end : start);

function crossingsOf(input: FlowInput): Crossing[] {
  const segments = allSegments(input);
  const found: Crossing[] = [];
  const cross = (from: Span, to: Span, isSure: boolean): void => {
    if (from.service === to.service || clockOf(from.service) === clockOf(to.service)) return;
    found.push({ from, to, ns: takenAt(to) - from.start, isSure });
  };
  const byKey = new Map<SpanKey, Span>();
  if (segments.some(mayCrossInside))
    for (const { spans } of segments) for (const span of spans) byKey.set(span.key, span);
  for (const { head, spans, causes, cycle } of segments) {
    if (cycle) continue;
    for (const { span, kinds } of causes)
      if (span !== null) cross(span, head, kinds.includes('parent') || kinds.includes('link'));
    if (byKey.size === 0) continue;
    for (const span of spans) {
      const parent = byKey.get(span.parent);
      if (parent !== undefined && parent.service !== span.service) cross(parent, span, true);
    }
  }
  return found;
}

/**
 * Returns whether the segment may contain a parent and a child in two processes that `causes` does
 * not list. Most segments contain none: they belong to one service, and their head names its parent
 * as its cause, if it has a parent.
 */
const mayCrossInside = ({ head, spans, causes }: InputSegment): boolean =>
  spans.some(({ service }) => service !== head.service) ||
  (head.parent !== '' && !causes.some(({ key }) => key === head.parent));

const isImpossible = ({ from, to, ns }: Crossing, aheadNs: (span: Span) => bigint): boolean =>
  Number(ns - aheadNs(to) + aheadNs(from)) < -TOLERANCE_NS;

/**
 * Returns a function that gives the known error of a span's clock, ns. For a clock whose name
 * several processes may share, the error counts only if this flow itself shows it.
 */
function knownIn(
  input: FlowInput,
  crossings: readonly Crossing[],
  clocks: KnownClocks,
): (span: Span) => bigint {
  const segments = allSegments(input);
  let isAny = false;
  let isNamed = true;
  const look = (span: Span): void => {
    if (clocks.aheadNs(span) === 0n) return;
    isAny = true;
    if (isAnybody(span.service)) isNamed = false;
  };
  for (const { spans } of segments) spans.forEach(look);
  for (const { from } of crossings) look(from);
  if (!isAny) return NOTHING;
  if (isNamed) return (span) => clocks.aheadNs(span);
  const ofNamed = (span: Span): bigint => (isAnybody(span.service) ? 0n : clocks.aheadNs(span));
  const shown = new Set<string>();
  for (const crossing of crossings) {
    if (!isImpossible(crossing, ofNamed)) continue;
    const { from, to } = crossing;
    // An error of the other direction is that of another process of the same name.
    if (clocks.aheadNs(from) > 0n) shown.add(clockOf(from.service));
    if (clocks.aheadNs(to) < 0n) shown.add(clockOf(to.service));
  }
  for (const { spans } of segments)
    for (const span of spans) {
      const isEarly = Number(span.end) - span.receivedAtMs * 1e6 > TOLERANCE_NS;
      if (isEarly && isAnybody(span.service) && clocks.aheadNs(span) > 0n)
        shown.add(clockOf(span.service));
    }
  return (span) =>
    isAnybody(span.service) && !shown.has(clockOf(span.service)) ? 0n : clocks.aheadNs(span);
}

/**
 * Returns the least time, ns, from the end of a span to its receipt, by clock, if one whose name
 * several processes may share is accused: this flow has a span of it that was received long before
 * it ended. What is known of such a name is a mixture; this flow shows its own process. A clock
 * with a name of its own is judged over all flows instead (`clocks/`).
 *
 * Nothing is returned, and so nobody accused, unless another clock of the flow came in time: this
 * server's clock may be behind. For the same reason less than an exporter's delay accuses nobody.
 */
function lagsIn(input: FlowInput, aheadNs: (span: Span) => bigint): ReadonlyMap<string, number> {
  const segments = allSegments(input);
  const lagOf = (span: Span): number => span.receivedAtMs * 1e6 - Number(span.end - aheadNs(span));
  const isAccused = segments.some(({ spans }) =>
    spans.some(
      (span) => isAnybody(span.service) && lagOf(span) <= -MAX_LAG_NS && span.warnings.length === 0,
    ),
  );
  if (!isAccused) return NOBODY_LATE;
  const lags = new Map<string, number>();
  for (const { spans } of segments)
    for (const span of spans) {
      const clock = clockOf(span.service);
      lags.set(clock, Math.min(lags.get(clock) ?? Infinity, lagOf(span)));
    }
  const isAnyInTime = [...lags.values()].some((lag) => lag > -MIN_NS && lag <= MAX_LAG_NS);
  return isAnyInTime ? lags : NOBODY_LATE;
}
const NOBODY_LATE: ReadonlyMap<string, number> = new Map();

/**
 * Returns the further errors, ns, besides the known ones, that clocks must have for this flow to be
 * possible. Clocks that need no further error are left out.
 */
function foundIn(
  crossings: readonly Crossing[],
  aheadNs: (span: Span) => bigint,
  lags: ReadonlyMap<string, number>,
): ReadonlyMap<string, bigint> {
  const isSuspicious = aheadNs !== NOTHING || lags.size > 0;
  if (!isSuspicious && !crossings.some((crossing) => isImpossible(crossing, aheadNs)))
    return NOBODY;
  const index = new Map<string, number>();
  const clues: { knownNs: number; lagNs: number }[] = [];
  const indexOf = (span: Span): number => {
    const clock = clockOf(span.service);
    let at = index.get(clock);
    if (at === undefined) {
      index.set(clock, (at = clues.length));
      clues.push({ knownNs: 0, lagNs: lags.get(clock) ?? Infinity });
    }
    const known = Number(aheadNs(span));
    if (Math.abs(known) > Math.abs(clues[at]!.knownNs)) clues[at]!.knownNs = known;
    return at;
  };
  const least = new Map<string, { from: number; to: number; ns: number; afterNs: number }>();
  for (const crossing of crossings) {
    const [from, to] = [indexOf(crossing.from), indexOf(crossing.to)];
    const ns = Number(crossing.ns - aheadNs(crossing.to) + aheadNs(crossing.from));
    const afterNs = isSend(crossing.from.role)
      ? ns - Number(crossing.from.end - crossing.from.start)
      : ns;
    const known = least.get(`${from} ${to}`);
    if (known === undefined) least.set(`${from} ${to}`, { from, to, ns, afterNs });
    else {
      known.ns = Math.min(known.ns, ns);
      known.afterNs = Math.min(known.afterNs, afterNs);
    }
  }
  const ahead = wrongClocks(clues, [...least.values()], true);
  const found = new Map<string, bigint>();
  for (const [clock, at] of index)
    if (ahead[at] !== 0) found.set(clock, BigInt(Math.round(ahead[at]!)));
  return found;
}
const NOBODY: ReadonlyMap<string, bigint> = new Map();

/**
 * Returns the segments that begin before their cause even after known and assumed clock errors are
 * subtracted, each with the shift, ns, that puts it after its cause.
 */
function remaining(input: FlowInput, byClock: (span: Span) => bigint): Map<InputSegment, bigint> {
  const segments = allSegments(input);
  const found = new Map<InputSegment, bigint>();
  const lateness = ({ head, causes }: InputSegment, extraOf: (span: Span) => bigint): bigint => {
    let most = 0n;
    for (const { span } of causes) {
      if (span === null) continue;
      const late = span.start + byClock(span) + extraOf(span) - takenAt(head) - byClock(head);
      if (late > most) most = late;
    }
    return most;
  };
  if (segments.every((segment) => lateness(segment, NOTHING) === 0n)) return found;
  const segmentOf = new Map<Span, InputSegment>();
  for (const segment of segments) for (const span of segment.spans) segmentOf.set(span, segment);
  const extraOf = (span: Span): bigint => {
    const segment = segmentOf.get(span);
    return segment === undefined ? 0n : (found.get(segment) ?? 0n);
  };
  const seen = new Set<InputSegment>();
  const done = new Set<InputSegment>();
  for (const start of segments) {
    // Causes are visited before effects, without recursion. In a ring, a segment that is still
    // being visited counts as not shifted.
    const work = [start];
    for (let segment = work.at(-1); segment !== undefined; segment = work.at(-1)) {
      const before = seen.has(segment)
        ? []
        : segment.causes.flatMap(({ span }) => (span && segmentOf.get(span)) ?? []);
      const open = before.filter((cause) => !seen.has(cause));
      seen.add(segment);
      if (open.length > 0) {
        pushAll(work, open);
        continue;
      }
      work.pop();
      if (done.has(segment)) continue;
      done.add(segment);
      const late = lateness(segment, extraOf);
      if (late > 0n) found.set(segment, late);
    }
  }
  return found;
}
