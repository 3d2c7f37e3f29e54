import { append } from '../base/lists.ts';
import type { Flow, Hop, Step } from '../model/flow.ts';
import { mendedSteps } from '../model/mended.ts';
import { earlier, later, msBetween, msOf, type UnixNanos } from '../model/time.ts';
import { audiencesOf } from './audience.ts';
import { styleOf } from './style.ts';
import { criticalPath, type Segment } from './critical-path.ts';
import { messagePattern } from './message-pattern.ts';
import {
  END,
  FLAGS,
  NODE_KINDS,
  NUMBER_SHIFT,
  START,
  type TraitList,
  type Traits,
} from './trait.ts';
import { traitId, traitIdFor, traitRef, type TraitRef } from './trait-ids.ts';

/**
 * Maximum number of steps of a variant that are listed. The variant's id is made from all steps.
 */
const MAX_VARIANT_STEPS = 60;
const MAX_DEPTH = 255;

/** Returns the traits of a flow. Pure; linear in steps and hops, apart from the critical path. */
export function traitsOf(flow: Flow): Traits {
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const nodeRefs = new Map(flow.steps.map((step) => [step.id, nodeOf(step)]));
  const nodeNamed = (stepId: string | null, otherwise: string): string =>
    (stepId === null ? undefined : nodeRefs.get(stepId)?.hex) ?? otherwise;
  const { add, mark, traits } = createCollector(variantOf(flow));
  for (const step of flow.steps)
    add(traits.nodes, nodeRefs.get(step.id)!.id, workMs(step), nodeFlags(step));
  const edgeOf = addEdges(flow, steps, nodeNamed, (id, ms, flags) =>
    add(traits.edges, id, ms, flags),
  );
  addSegments(flow, steps, traits.segments);
  const addOther: Add = (id, ms, flags) => add(traits.others, id, ms, flags);
  addFailures(flow, addOther);
  addProcesses(flow, mark);
  for (const { step, service, hopId, lateAt, stuckAt } of flow.waitingFor) {
    const awaited = { step, service: service ?? '', edge: edgeOf.get(hopId ?? '') ?? '' };
    addOther(traitId('late', awaited), lateAt, 0);
    addOther(traitId('stuck', awaited), stuckAt, 0);
  }
  for (const [stepId, { ms, depth }] of blockedIn(flow, steps))
    addOther(traitId('blocked', { node: nodeNamed(stepId, '') }), ms, depth << NUMBER_SHIFT);
  for (const audience of audiencesOf(flow, steps)) mark(traitId('audience', audience));
  const style = styleOf(flow, steps);
  mark(traitRef('style', [style], () => ({ style })).id);
  return traits;
}

type Add = (id: bigint, ms: number, flags: number) => void;

const createList = (): TraitList => ({ ids: [], ms: [], flags: [] });

function createCollector(variant: bigint) {
  const marks: bigint[] = [];
  const traits: Traits = {
    ...{ variant, marks },
    nodes: createList(),
    edges: createList(),
    segments: createList(),
    others: createList(),
  };
  // One set is enough for all lists, because an id tells the kind of its trait.
  const seen = new Set<bigint>();
  return {
    traits,
    add: (list: TraitList, id: bigint, ms: number, flags: number): void => {
      list.ids.push(id);
      list.ms.push(ms);
      list.flags.push(seen.has(id) ? flags : flags | FLAGS.first);
      seen.add(id);
    },
    mark: (id: bigint): void => {
      if (seen.has(id)) return;
      seen.add(id);
      marks.push(id);
    },
  };
}

/**
 * Returns the variant of a flow: its steps in the order of its timeline. The id stands for all
 * steps, whereas the body lists the first ones.
 */
function variantOf({ steps }: Flow): bigint {
  const names = steps.map(({ name }) => name);
  const more = Math.max(0, names.length - MAX_VARIANT_STEPS);
  if (more === 0) return traitId('variant', { steps: names, more });
  const body = { steps: names.slice(0, MAX_VARIANT_STEPS), more };
  return traitIdFor('variant', JSON.stringify(names), body);
}

const nodeOf = ({ service, name }: Step): TraitRef =>
  traitRef('node', [service, name], () => ({ service, step: name }));
const workMs = ({ start, end }: Step): number => (end === null ? 0 : msBetween(start, end));

function nodeFlags({ status, end, attempts, compensatedBy, kind }: Step): number {
  const code = Math.max(0, NODE_KINDS.indexOf(kind as (typeof NODE_KINDS)[number]));
  return (
    (status === 'failed' ? FLAGS.failed : 0) |
    (attempts.length > 1 ? FLAGS.retried : 0) |
    (compensatedBy.length > 0 ? FLAGS.compensated : 0) |
    (end === null ? FLAGS.running | FLAGS.unmeasured : 0) |
    (code << NUMBER_SHIFT)
  );
}

/**
 * Adds the edges of a flow: one for each hop, one from the start to each step that no hop leads to,
 * and one to the end from each step that no hop leaves, if the flow has ended. Returns the ids of
 * the edges by hop.
 */
function addEdges(
  flow: Flow,
  steps: ReadonlyMap<string, Step>,
  nodeNamed: (stepId: string | null, otherwise: string) => string,
  add: Add,
): Map<string, string> {
  const ids = new Map<string, string>();
  const entered = new Set<string>();
  const left = new Set<string>();
  for (const hop of flow.hops) {
    if (hop.to !== null && hop.to !== hop.from) entered.add(hop.to);
    if (hop.from !== null) left.add(hop.from);
    const { id, hex } = edgeRef(nodeNamed(hop.from, START), nodeNamed(hop.to, END), hop);
    ids.set(hop.id, hex);
    const to = steps.get(hop.to ?? '');
    const ms = wayMs(hop, to);
    add(id, ms ?? 0, edgeFlags(hop, to, ms === null));
  }
  for (const { id } of flow.steps) {
    if (!entered.has(id)) add(border(START, nodeNamed(id, START)), 0, FLAGS.unmeasured);
    if (flow.phase === 'ended' && !left.has(id))
      add(border(nodeNamed(id, END), END), 0, FLAGS.unmeasured);
  }
  return ids;
}
/** Returns the trait of an edge, which is the start or the end of a flow if it has no hop. */
function edgeRef(from: string, to: string, hop: Pick<Hop, 'message' | 'sync'> | null): TraitRef {
  if (hop === null || hop.sync) {
    const sync = hop !== null;
    const parts = [from, to, sync ? 'sync' : 'border', '', '', ''];
    return traitRef('edge', parts, () => ({ from, to, message: null, sync }));
  }
  const { kind, type, system, destination } = hop.message;
  return traitRef('edge', [from, to, kind, type, system, destination], () => ({
    ...{ from, to, message: { kind, type, system, destination }, sync: false },
  }));
}
const border = (from: string, to: string): bigint => edgeRef(from, to, null).id;

/**
 * Returns how long a message waited, or how long a call was on its way there and back, ms; null if
 * it is not known. The way back counts, because a slow network delays the answer as well.
 */
function wayMs({ sync, sent, returned, waitMs }: Hop, to: Step | undefined): number | null {
  if (!sync || returned === null || to === undefined || to.end === null) return waitMs;
  return Math.max(0, msBetween(sent, returned) - msBetween(to.start, to.end));
}

const edgeFlags = (hop: Hop, to: Step | undefined, isUnmeasured: boolean): number =>
  (to?.status === 'failed' ? FLAGS.failed : 0) |
  (hop.attempts > 1 ? FLAGS.retried : 0) |
  (hop.state === 'waiting' ? FLAGS.running : 0) |
  (isUnmeasured ? FLAGS.unmeasured : 0) |
  (hop.state === 'dead-lettered' ? FLAGS.deadLettered | FLAGS.failed : 0);

/** Adds the time of a flow, ms, by segments of its critical path, in order of first use. */
function addSegments(flow: Flow, steps: ReadonlyMap<string, Step>, into: TraitList): void {
  const hops = new Map(flow.hops.map((hop) => [hop.id, hop]));
  const places = new Map<bigint, number>();
  for (const segment of criticalPath(flow)) {
    const id = segmentId(segment, steps, hops);
    const ms = msBetween(segment.start, segment.end);
    const place = places.get(id);
    if (place !== undefined) {
      into.ms[place]! += ms;
      continue;
    }
    places.set(id, into.ids.length);
    into.ids.push(id);
    into.ms.push(ms);
    into.flags.push(FLAGS.first);
  }
}

/**
 * Returns the id of a segment's trait. It is made from names that are equal in all flows (service,
 * step, message), not from ids of this flow.
 */
export function segmentId(
  { kind, stepId, hopId }: Pick<Segment, 'kind' | 'stepId' | 'hopId'>,
  steps: ReadonlyMap<string, Step>,
  hops: ReadonlyMap<string, Hop>,
): bigint {
  const hop = hopId === null ? undefined : hops.get(hopId);
  const step = steps.get(stepId ?? hop?.to ?? '');
  const service = step?.service ?? '';
  const name = step?.name ?? '';
  const message = hop === undefined ? '' : hop.message.type || hop.message.destination;
  return traitRef('segment', [kind, service, name, message], () => ({
    ...{ kind, service, step: name, message },
  })).id;
}

/**
 * Adds each failed attempt of each step by its cause, and where it happened. A step that failed
 * because a step that it called had failed is left out, so that one failure counts once.
 */
function addFailures(flow: Flow, add: Add): void {
  const callers = callersOfFailed(flow);
  const failing = flow.steps.filter((step) => !callers.has(step.id) && failuresOf(step).length > 0);
  if (failing.length === 0) return;
  const failingIds = new Set<string | null>(failing.map(({ id }) => id));
  const mended = mendedSteps(flow.steps, flow.hops);
  const triggers = new Map<string, string>();
  const dead = new Set<string>();
  for (const { state, from, to, message } of flow.hops) {
    if (to !== null && to !== from && !triggers.has(to)) triggers.set(to, message.type);
    if (state !== 'dead-lettered') continue;
    // The step that failed gave the message up, and not the one that takes the dead letter.
    const by = failingIds.has(from) ? from : to;
    if (by !== null) dead.add(by);
  }
  for (const step of failing) {
    const flags =
      (step.status !== 'failed' || mended.has(step.id) ? FLAGS.retried : 0) |
      (step.compensatedBy.length > 0 ? FLAGS.compensated : 0);
    const failures = failuresOf(step);
    for (const [i, { error, at }] of failures.entries()) {
      // A message is given up once, after its last attempt.
      const isGivenUp = i === failures.length - 1 && dead.has(step.id);
      const id = traitId('failure', {
        type: error?.type ?? 'error',
        message: messagePattern(error?.message ?? ''),
        service: step.service,
        step: step.name,
        trigger: triggers.get(step.id) ?? '',
      });
      add(id, msOf(at), isGivenUp ? flags | FLAGS.deadLettered : flags);
      const { serviceVersion: version, instance } = step;
      const frames = error?.frames ?? [];
      add(traitId('frames', { frames }), msOf(at), 0);
      add(traitId('failedVersion', { version }), msOf(at), 0);
      add(traitId('failedInstance', { instance }), msOf(at), 0);
    }
  }
}

/**
 * Returns the ids of steps whose last synchronous call failed. A step that went on after a failed
 * call has caught that failure, and fails for another reason.
 */
function callersOfFailed({ steps, hops }: Flow): ReadonlySet<string | null> {
  const failed = new Map<string | null, Step>();
  for (const step of steps) if (step.status === 'failed') failed.set(step.id, step);
  const lastCalls = new Map<string, Hop>();
  if (failed.size > 1)
    for (const hop of hops) {
      if (!hop.sync || hop.from === null || hop.from === hop.to || !failed.has(hop.from)) continue;
      if ((lastCalls.get(hop.from)?.sent ?? 0n) <= hop.sent) lastCalls.set(hop.from, hop);
    }
  return new Set([...lastCalls].flatMap(([from, { to }]) => (failed.has(to) ? [from] : [])));
}

/** Adds the services that took part, their versions and their instances. */
function addProcesses(flow: Flow, mark: (id: bigint) => void): void {
  for (const { service, serviceVersion, instance } of flow.steps) {
    mark(traitRef('service', [service], () => ({ service })).id);
    if (serviceVersion !== '') {
      const version = { service, version: serviceVersion };
      mark(traitRef('version', [service, serviceVersion], () => version).id);
    }
    if (instance !== '')
      mark(traitRef('instance', [service, instance], () => ({ service, instance })).id);
  }
}

function failuresOf(step: Step): { error: Step['error']; at: UnixNanos }[] {
  const failed = step.attempts.filter(({ status }) => status === 'failed');
  if (failed.length > 0)
    return failed.map(({ error, end, start }) => ({
      error: error ?? step.error,
      at: end ?? start,
    }));
  return step.status === 'failed' ? [{ error: step.error, at: step.end ?? step.start }] : [];
}

/**
 * Returns, for each step that makes synchronous calls, how long it waited for any of them, ms, and
 * how many services are chained below it, each called by the one before. Calls at the same time
 * count once.
 */
function blockedIn(
  flow: Flow,
  steps: ReadonlyMap<string, Step>,
): Map<string, { ms: number; depth: number }> {
  const calls = new Map<string, Hop[]>();
  for (const hop of flow.hops) {
    if (hop.sync && hop.from !== null && hop.to !== null && hop.from !== hop.to)
      append(calls, hop.from, hop);
  }
  const depths = new Map<string, number>();
  const depthOf = (id: string, level: number): number => {
    const known = depths.get(id);
    if (known !== undefined || level > MAX_DEPTH) return known ?? 0;
    depths.set(id, 0); // Ends the search if calls form a cycle.
    let depth = 0;
    for (const { to } of calls.get(id) ?? []) {
      const isOther = steps.get(to!)?.service !== steps.get(id)?.service;
      depth = Math.max(depth, (isOther ? 1 : 0) + depthOf(to!, level + 1));
    }
    depths.set(id, Math.min(depth, MAX_DEPTH));
    return depths.get(id)!;
  };
  const blocked = new Map<string, { ms: number; depth: number }>();
  for (const [id, list] of calls) {
    const step = steps.get(id);
    if (step === undefined) continue;
    let until: UnixNanos = step.start;
    let ms = 0;
    for (const hop of [...list].sort((a, b) => compare(a.sent, b.sent))) {
      const callee = steps.get(hop.to!);
      const back = hop.returned ?? callee?.end ?? step.end ?? hop.sent;
      const from = later(hop.sent, until);
      const to = step.end === null ? back : earlier(back, step.end);
      if (to <= from) continue;
      ms += msBetween(from, to);
      until = to;
    }
    blocked.set(id, { ms, depth: depthOf(id, 0) });
  }
  return blocked;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
