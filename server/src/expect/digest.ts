import type { Flow, Step } from '../model/flow.ts';
import { msOf } from '../model/time.ts';

/** What expectations need of a flow: small, because it is kept until the flow has taught. */
export interface Digest {
  flowId: string;
  /** Environment and flow type. */
  type: string;
  /** In order of their start. */
  steps: DigestStep[];
  /** A declared end that is not success: nothing more is owed. */
  aborted: boolean;
  /** Parts of it may be missing only because nobody kept them: it owes nothing and teaches nothing. */
  sampled: boolean;
  /** Somebody said that it is complete. */
  declaredComplete: boolean;
  /** Somebody said when it started. */
  startDeclared?: true;
  lastReceivedMs: number;
  /** Only of flows that undid something. */
  ledger: Ledger | null;
  /** Messages of steps that sent several to one destination: each is owed what such a message is owed. */
  parts: readonly Part[];
}

/** One message of a fan-out. A set of what follows the step cannot tell nine parts from ten. */
export interface Part {
  /** The step that sent it. */
  stepId: string;
  /** Its step type and version, and the destination. */
  key: string;
  sendSpanId: string;
  sentMs: number;
  /** Step types that it caused: sorted, each once. */
  follow: readonly string[];
}

/** Names of steps that were done, and of those undone, in the order of undoing. */
export interface Ledger {
  done: string[];
  undone: string[];
}

export interface DigestStep {
  id: string;
  /** Step type with its result: what decides what follows. */
  key: string;
  /** Step type alone: as what it follows others. */
  as: string;
  name: string;
  service: string;
  version: string;
  kind: string;
  startMs: number;
  receivedMs: number;
  /** Its sender's clock is so far behind, ms; what causal time makes of it is taken off. */
  behindMs: number;
  endMs: number | null;
  running: boolean;
  failed: boolean;
  /** Latest sign of life, ms. */
  aliveMs: number;
  /** It sent a reply, whether or not somebody took it. */
  replied: boolean;
  /** Destination of the message that caused it. */
  via: string;
  /** Steps that this one caused: sorted, each once. */
  follow: readonly string[];
  waits: readonly Wait[];
  /** Sent by it, consumed by nobody. */
  waiting: readonly Unheard[];
}

interface Wait {
  to: string;
  ms: number;
}
interface Unheard {
  hopId: string;
  destination: string;
  sentMs: number;
}

/** Most steps wait for nothing and cause one other: they share one empty list, and a list of one has room for one. */
const NONE: readonly never[] = [];
function withOne<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one];
  (list as T[]).push(one);
  return list;
}

const FURTHEST_ANCESTOR = 64;
/** Step types in one set: what is wider is no process that a set can describe. */
export const MOST_MEMBERS = 200;
const MOST_PARTS = 500;

/** Of a step, by what is known of its sender's clock, ms; causal time has made up for some of it. */
export type BehindMs = (step: Step) => number;

export function digestOf(flow: Flow, behindMs: BehindMs): Digest {
  const byId = new Map(flow.steps.map((step) => [step.id, step]));
  const parentOf = new Map<string, Step>();
  const via = new Map<string, string>();
  for (const hop of flow.hops) {
    if (hop.to === null) continue;
    const from = hop.from === null ? undefined : byId.get(hop.from);
    if (from !== undefined && from.id !== hop.to) parentOf.set(hop.to, from);
    via.set(hop.to, hop.message.destination);
  }
  // The second time round a loop is another step type: what follows it may differ.
  const typeOf = (step: Step): string => {
    let up = parentOf.get(step.id);
    for (let far = 0; up !== undefined && far < FURTHEST_ANCESTOR; far++, up = parentOf.get(up.id))
      if (up.typeKey === step.typeKey) return `${step.typeKey}\0again`;
    return step.typeKey;
  };
  // What undoes is audited (detect/rules/compensation.ts), not awaited.
  const forward = flow.steps.filter((step) => step.compensates === null && step.kind !== 'compensation');
  const as = new Map(forward.map((step) => [step.id, typeOf(step)]));
  const steps = new Map(
    forward.map((step): [string, DigestStep] => [
      step.id,
      {
        id: step.id,
        key: step.status === 'failed' ? `${as.get(step.id)!}\0failed` : as.get(step.id)!,
        as: as.get(step.id)!,
        name: step.name,
        service: step.service,
        version: step.serviceVersion,
        kind: step.kind,
        startMs: msOf(step.start),
        receivedMs: step.receivedMs,
        behindMs: behindMs(step),
        endMs: step.end === null ? null : msOf(step.end),
        running: step.status === 'running',
        failed: step.status === 'failed',
        aliveMs: step.aliveMs,
        replied: false,
        via: via.get(step.id) ?? '',
        follow: NONE,
        waits: NONE,
        waiting: NONE,
      },
    ]),
  );
  for (const hop of flow.hops) {
    const from = hop.from === null ? undefined : steps.get(hop.from);
    if (from === undefined) continue;
    if (hop.message.kind === 'reply') from.replied = true;
    const to = hop.to === null ? undefined : steps.get(hop.to);
    if (hop.to === null) {
      if (hop.state === 'waiting')
        from.waiting = withOne(from.waiting, {
          hopId: hop.id,
          destination: hop.message.destination,
          sentMs: msOf(hop.sent),
        });
      continue;
    }
    if (to === undefined || to === from) continue;
    from.follow = withOne(from.follow, to.as);
    from.waits = withOne(from.waits, { to: to.as, ms: Math.max(0, to.startMs - from.startMs) });
  }
  for (const step of steps.values()) {
    if (step.follow.length > 1) step.follow = membersOf(step.follow);
    // Without the room that it grew for.
    if (step.waits.length > 1) step.waits = step.waits.slice();
  }
  return {
    flowId: flow.id,
    type: `${flow.environment}\0${flow.type}`,
    steps: [...steps.values()],
    aborted: flow.outcome !== null && flow.outcome !== 'completed',
    sampled: flow.badges.includes('sampled'),
    declaredComplete: flow.outcome === 'completed',
    ...(flow.startDeclared && { startDeclared: true }),
    lastReceivedMs: flow.lastReceivedMs,
    ledger: ledgerOf(flow),
    parts: partsOf(flow, steps),
  };
}

/** Sorted, each once. */
const membersOf = (all: readonly string[]): string[] => [...new Set(all)].sort().slice(0, MOST_MEMBERS);

/** Most flows do not: that is cheap to see. */
function fansOut(flow: Flow): boolean {
  const sendOf = new Map<string, string>();
  for (const { from, sendSpanId, sync } of flow.hops) {
    if (sync || from === null || sendSpanId === null) continue;
    const other = sendOf.get(from);
    if (other !== undefined && other !== sendSpanId) return true;
    sendOf.set(from, sendSpanId);
  }
  return false;
}

function partsOf(flow: Flow, steps: ReadonlyMap<string, DigestStep>): readonly Part[] {
  if (!fansOut(flow)) return NONE;
  const sent = new Map<string, Map<string, Part>>();
  for (const hop of flow.hops) {
    const { sendSpanId } = hop;
    const from = hop.sync || hop.from === null ? undefined : steps.get(hop.from);
    if (from === undefined || sendSpanId === null) continue;
    const together = `${from.id}\0${hop.message.destination}`;
    let parts = sent.get(together);
    if (parts === undefined) sent.set(together, (parts = new Map<string, Part>()));
    const part: Part = parts.get(sendSpanId) ?? {
      stepId: from.id,
      key: `${from.as}\0${from.version}\0${hop.message.destination}`,
      sendSpanId,
      sentMs: msOf(hop.sent),
      follow: NONE,
    };
    parts.set(sendSpanId, part);
    const to = hop.to === null ? undefined : steps.get(hop.to);
    if (to !== undefined && to !== from) part.follow = withOne(part.follow, to.as);
  }
  const several = [...sent.values()].flatMap((parts) => (parts.size > 1 ? [...parts.values()] : []));
  if (several.length === 0) return NONE;
  const kept = several.slice(0, MOST_PARTS);
  for (const part of kept) if (part.follow.length > 1) part.follow = [...new Set(part.follow)].sort();
  return kept;
}

function ledgerOf(flow: Flow): Ledger | null {
  const undos = flow.steps.filter((step) => step.compensates !== null && step.status !== 'failed');
  if (undos.length === 0) return null;
  const byId = new Map(flow.steps.map((step) => [step.id, step]));
  const nameOf = (undo: Step): string => byId.get(undo.compensates!)?.name ?? undo.compensates!;
  const forward = flow.steps.filter((step) => step.compensates === null && step.status !== 'failed');
  return {
    done: [...new Set(forward.map((step) => step.name))].sort(),
    undone: [...new Set(undos.sort((a, b) => (a.start < b.start ? -1 : 1)).map(nameOf))],
  };
}
