import { pushAll } from '../base/lists.ts';
import type { Span, SpanKey } from '../model/span.ts';
import { clockOf, isAnybody, type KnownClocks } from './clocks/index.ts';
import { TOLERANCE_NS, wrongClocks } from './clocks/wrong-clocks.ts';
import { allSegments, type FlowInput, type InputSegment } from '../model/flow-input.ts';
import { isSend } from '../model/roles.ts';

/** Raw times → causal times. Raw times stay as they are; nobody is centred in a parent. Pure. */
export interface Shifts {
  /** ns to be added to what this span says; it may be one around the flow. */
  of(span: Span): bigint;
  /** Of the segment's head. What is called in it may be said by another clock. */
  get(segment: InputSegment): bigint;
}

/**
 * A clock belongs to a process: what is known of it is taken off first. Where the flow is still
 * impossible, as few clocks as can be are wrong by more, and what is consistent by itself moves as
 * one. What remains is a clock that was set meanwhile: a segment is shifted by as little as puts it
 * behind its send, and the shift travels downstream with the times it produces.
 */
export function causalShifts(input: FlowInput, clocks: KnownClocks): Shifts {
  const crossings = crossingsOf(input);
  for (const { from, to, ns, isSure } of crossings) if (isSure) clocks.waited(from, to, ns);
  const aheadNs = knownIn(input, crossings, clocks);
  const more = foundIn(crossings, aheadNs);
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

/** What one process did because of another. */
interface Crossing {
  from: Span;
  to: Span;
  /** From the start of the one to the start of the other, as they say. */
  ns: bigint;
  /** An id that was used again may lead to the wrong one. */
  isSure: boolean;
}

/** A poll may begin before the message is sent; it ends with it. */
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
 * Between parent and child; most segments are one service's, whose head names its parent as its
 * cause, if it has one.
 */
const mayCrossInside = ({ head, spans, causes }: InputSegment): boolean =>
  spans.some(({ service }) => service !== head.service) ||
  (head.parent !== '' && !causes.some(({ key }) => key === head.parent));

const isImpossible = ({ from, to, ns }: Crossing, aheadNs: (span: Span) => bigint): boolean =>
  Number(ns - aheadNs(to) + aheadNs(from)) < -TOLERANCE_NS;

/**
 * What is known of this flow's clocks. Of one that may be anybody's only where the flow shows it.
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
  for (const crossing of crossings)
    if (isImpossible(crossing, ofNamed))
      for (const { service } of [crossing.from, crossing.to]) shown.add(clockOf(service));
  for (const { spans } of segments)
    for (const { service, end, receivedAtMs } of spans)
      if (isAnybody(service) && Number(end) - receivedAtMs * 1e6 > TOLERANCE_NS)
        shown.add(clockOf(service));
  return (span) =>
    isAnybody(span.service) && !shown.has(clockOf(span.service)) ? 0n : clocks.aheadNs(span);
}

/** By how much more clocks are wrong for this flow to be possible: by clock. */
function foundIn(
  crossings: readonly Crossing[],
  aheadNs: (span: Span) => bigint,
): ReadonlyMap<string, bigint> {
  if (aheadNs === NOTHING && !crossings.some((crossing) => isImpossible(crossing, aheadNs)))
    return NOBODY;
  const index = new Map<string, number>();
  const clues: { knownNs: number; lagNs: number }[] = [];
  const indexOf = (span: Span): number => {
    const clock = clockOf(span.service);
    let at = index.get(clock);
    if (at === undefined) {
      index.set(clock, (at = clues.length));
      clues.push({ knownNs: 0, lagNs: Infinity });
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

/** Segments that are still before what caused them, and by how much. */
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
    // Causes first, without recursion; in a ring, whoever is under way counts as not shifted.
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
