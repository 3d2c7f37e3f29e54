import { countWhile, flatMapped, groupedBy, inOrder, smallestOf } from '../base/lists.ts';
import type { Attempt, Badge, Hop, Receipt, Step, StepStatus } from '../model/flow.ts';
import { spanIdOf, type Span } from '../model/span.ts';
import { earlier, later, msOf, shifted, type UnixNanos } from '../model/time.ts';
import { attemptsOf, saysFailed } from './attempts.ts';
import { attemptKeys, byCausalTime } from './deliveries.ts';
import type { Draft } from './draft.ts';
import { order } from '../model/flow-input.ts';
import { idleIn } from './idle.ts';
import { isConsumer } from '../model/roles.ts';
import { kindOf, nameOf, sentTo, typeKeyOf } from './step-names.ts';

/** Turns drafts into steps with attempts, names, outcomes and compensations. */

/** Smaller shifts, ns, come from the SDK's millisecond clock and are not shown as skew. */
export const SKEW_SHOWN_NS = 1_000_000n;
export const sizeOf = (shift: bigint): bigint => (shift < 0n ? -shift : shift);

interface Merged {
  steps: Step[];
  /** The step to which each span of the flow belongs, by span key. */
  stepOf: Map<string, Step>;
}

/**
 * Merges deliveries of one message to one group into attempts of one step. Attempts are ordered by
 * their declared numbers if all have one, else by causal time.
 */
export function mergeAttempts(drafts: Draft[]): Merged {
  const keyOf = attemptKeys(drafts);
  const groups = groupedBy(drafts, (draft) => keyOf(draft) || draft.head.key);
  const steps: Step[] = [];
  const stepOf = new Map<string, Step>();
  for (const group of groups.values()) {
    if (group.length > 1) group.sort(group.every(statesAttempt) ? byAttempt : byCausalTime);
    const step = toStep(group);
    steps.push(step);
    for (const draft of group) for (const span of draft.spans) stepOf.set(span.key, step);
  }
  steps.sort((a, b) => (a.start !== b.start ? (a.start < b.start ? -1 : 1) : a.id < b.id ? -1 : 1));
  return { steps, stepOf };
}

/**
 * Returns the steps sorted by start, except that no step stands before a step that caused it. Two
 * steps may begin at the same instant, and a poll may begin before its message was sent, or seem
 * to, by its clock. Such a step stands behind its cause, as if it began with it.
 */
export function causesFirst(steps: readonly Step[], hops: readonly Hop[]): Step[] {
  const isTie = ({ start }: Step, i: number): boolean => start === steps[i - 1]?.start;
  const startOf = new Map(steps.map(({ id, start }) => [id, start]));
  const isEarly = ({ from, to }: Hop): boolean =>
    from !== null && to !== null && startOf.get(to)! < startOf.get(from)!;
  if (!steps.some(isTie) && !hops.some(isEarly)) return [...steps];
  const placeOf = new Map(steps.map(({ id, start }) => [id, { start, depth: 0 }]));
  const caused = new Map<string, string[]>();
  const pending = new Map<string, number>();
  for (const { from, to } of hops) {
    if (from === null || to === null || from === to || !placeOf.has(from)) continue;
    pending.set(to, (pending.get(to) ?? 0) + 1);
    const known = caused.get(from);
    if (known === undefined) caused.set(from, [to]);
    else known.push(to);
  }
  if (pending.size === 0) return [...steps];
  const next = steps.flatMap(({ id }) => (pending.has(id) ? [] : [id]));
  for (const id of next) {
    const cause = placeOf.get(id)!;
    for (const to of caused.get(id) ?? []) {
      const place = placeOf.get(to)!;
      if (place.start < cause.start) Object.assign(place, { start: cause.start, depth: 0 });
      if (place.start === cause.start) place.depth = Math.max(place.depth, cause.depth + 1);
      pending.set(to, pending.get(to)! - 1);
      if (pending.get(to)! === 0) next.push(to);
    }
  }
  // Steps in a cycle of causes have no depth; they stand last of those that begin with them.
  for (const [id, count] of pending) if (count > 0) placeOf.get(id)!.depth = Infinity;
  const compare = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);
  return steps.toSorted((a, b) => {
    const [x, y] = [placeOf.get(a.id)!, placeOf.get(b.id)!];
    return compare(x.start, y.start) || compare(x.depth, y.depth);
  });
}

const statesAttempt = ({ head }: Draft): boolean => (head.step?.attempt ?? 0) > 0;
const byAttempt = (a: Draft, b: Draft): number =>
  a.head.step!.attempt - b.head.step!.attempt || byCausalTime(a, b);

function toStep(group: Draft[]): Step {
  const badges = new Set<Badge>();
  const attempts = attemptsOf(group);
  const last = attempts[attempts.length - 1]!;
  const earlierOk = attempts.some((attempt) => attempt !== last && attempt.status === 'ok');
  if (earlierOk) badges.add('duplicate-processing');
  const first = group[0]!;
  const { head } = first;
  const skewNs = group.reduce(
    (most, { shift }) => (sizeOf(shift) > sizeOf(most) ? shift : most),
    0n,
  );
  if (sizeOf(skewNs) >= SKEW_SHOWN_NS) badges.add('clock-skew');
  const status = statusOf(attempts, earlierOk);
  const spans = group.length === 1 ? first.spans : flatMapped(group, (draft) => draft.spans);
  const failure = last.status === 'failed' ? last.error : null;
  const end = endOf(attempts);
  const idle = flatMapped(group, idleIn);
  const receipt = receiptOf(group[group.length - 1]!);
  const step: Step = {
    id: spanIdOf(head.key) + head.traceId.slice(0, 8),
    typeKey: typeKeyOf(first),
    name: nameOf(first),
    service: head.service.name,
    serviceVersion: head.service.version,
    instance: head.service.instance,
    kind: head.step?.kind || (head.step?.compensates ? 'compensation' : kindOf(first)),
    status,
    result: last.status === 'running' ? null : head.step?.result || null,
    attempts,
    start: attempts.reduce((least, { start }) => earlier(least, start), last.start),
    end,
    skewMs: Number(skewNs) / 1e6,
    causedBy: [],
    compensates: head.step?.compensates || null,
    compensatedBy: [],
    error: failure,
    spanIds: flatMapped(group, (draft) => inOrder(draft.spans, order)).map((span) =>
      spanIdOf(span.key),
    ),
    traceId: head.traceId,
    shared: group.some(({ segment }) => segment.shared),
    badges: badges.size === 0 ? [] : [...badges].sort(),
    receivedMs: head.receivedAtMs,
    endReceivedMs: spans.reduce(lastToEnd).receivedAtMs,
    failureReceivedMs: status === 'failed' ? failureReceivedMs(spans, head) : null,
    aliveMs: msOf(shifted(latestEnd(spans), skewNs)),
    deadlineMs:
      spans.reduce((least, { step }) => earliestDeadline(least, step?.deadlineMs ?? 0), 0) || null,
    itinerary: itineraryOf(spans),
  };
  if (idle.length > 0) step.idle = idle;
  if (receipt !== null) step.receipt = receipt;
  return step;
}

/** Returns when the last attempt ended; null if one of them is running. */
function endOf(attempts: readonly Attempt[]): UnixNanos | null {
  let latest = attempts[0]!.end;
  for (const { end } of attempts) {
    if (end === null || latest === null) return null;
    latest = later(latest, end);
  }
  return latest;
}
const latestEnd = (spans: readonly Span[]): UnixNanos =>
  spans.reduce((latest, { end }) => later(latest, end), spans[0]!.end);

/** Returns the status of a step: that of its last attempt, or `retried` if it took several. */
function statusOf(attempts: readonly Attempt[], earlierOk: boolean): StepStatus {
  const last = attempts[attempts.length - 1]!;
  if (last.status !== 'ok') return last.status;
  const isRetried = attempts.length > 1 || last.number > 1;
  return isRetried && !earlierOk ? 'retried' : 'ok';
}

/**
 * Returns evidence about how the step's agent records deliveries; null if the step gives no
 * evidence. Some agents end the span of a delivery before the work begins. When a delivery span has
 * no children, other deliveries to the same service, destination and consumer group tell whether
 * work is still to come.
 */
function receiptOf({ head, spans, segment }: Draft): Receipt | null {
  if (!isConsumer(head.role) || segment.shared) return null;
  const isOwn = ({ service, milestone }: Span): boolean =>
    service.name === head.service.name && milestone === null;
  const receive = spans.find((span) => span.role === 'receive' && isOwn(span));
  if (receive === undefined) return null;
  const isAlone = head.role === 'receive' && spans.filter(isOwn).length === 1;
  const isHandled = !isAlone && spans.some((span) => span.end > receive.end && isOwn(span));
  if (!isAlone && !isHandled) return null;
  const { destination, group } = receive.message!;
  return {
    place: [head.service.name, destination || sentTo(segment), group].join('\0'),
    isHandled,
  };
}

/**
 * Returns when the failure was first received, in ms since 1970. Later evidence of the same failure
 * (an earlier attempt, or the span after its log event) does not make the failure newer.
 */
function failureReceivedMs(spans: readonly Span[], head: Span): number {
  const said = spans.filter(saysFailed);
  return said.length === 0 ? head.receivedAtMs : smallestOf(said.map((span) => span.receivedAtMs));
}
const lastToEnd = (a: Span, b: Span): Span =>
  b.end > a.end || (b.end === a.end && b.receivedAtMs < a.receivedAtMs) ? b : a;
const earliestDeadline = (a: number, b: number): number =>
  a === 0 ? b : b === 0 ? a : Math.min(a, b);

/**
 * Returns the shortest itinerary of these spans. A routing slip loses the stops that it has passed,
 * so the shortest itinerary lists the stops after all work of this step.
 */
function itineraryOf(spans: readonly Span[]): string[] {
  let shortest: string[] = [];
  for (const span of spans) {
    const text = span.step?.itinerary ?? '';
    if (text === '') continue;
    const names = text
      .split(',', MAX_STOPS)
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (shortest.length === 0 || names.length < shortest.length) shortest = names;
  }
  return shortest;
}
const MAX_STOPS = 200;

export function addBadge(step: Step, badge: Badge): void {
  if (!step.badges.includes(badge)) step.badges = [...step.badges, badge].sort();
}
/**
 * Links each compensation to the step that it undoes. The undone step is found by the id that its
 * service gave it, or by its name. The service's id is then replaced by our id of the step. If
 * several steps match, the latest one that began before the compensation counts. `steps` are sorted
 * by start.
 */
export function linkCompensations(
  steps: Step[],
  stepOf: ReadonlyMap<string, Step>,
  drafts: readonly Draft[],
): void {
  const undos = steps.filter((step) => step.compensates !== null);
  if (undos.length === 0) return;
  const statedId = new Map<Step, string>();
  for (const { head } of drafts)
    if (head.step?.id) statedId.set(stepOf.get(head.key)!, head.step.id);
  // The lists remain sorted by start, as `countWhile` requires.
  const byId = groupedBy(
    steps.filter((step) => step.compensates === null && statedId.has(step)),
    (step) => statedId.get(step)!,
  );
  const byName = groupedBy(steps, (step) => step.name);
  for (const undo of undos) {
    const lastOf = (list: readonly Step[] = []): Step | undefined => {
      const before = countWhile(list, (step) => step.start <= undo.start);
      return list[before - 1] === undo ? list[before - 2] : list[before - 1];
    };
    const known = lastOf(byId.get(undo.compensates!));
    const undone = known ?? lastOf(byName.get(undo.compensates!));
    if (known !== undefined) undo.compensates = known.id;
    undone?.compensatedBy.push(undo.id);
  }
}
