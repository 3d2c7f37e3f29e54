import type { Flow, Hop, Receipt, Step } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import { behindOf } from '../sender-clocks.ts';
import { backlogMsOf } from './backlog.ts';
import { causesIn } from './step-causes.ts';
import { ledgerOf, type Ledger } from './ledger.ts';
import { repliesToPastAttempts } from './past-attempts.ts';
import {
  actionOf,
  environmentOfKey,
  failedType,
  messageKeyOf,
  placeKey,
  repeatedType,
  scopedKey,
} from '../keys.ts';

/**
 * The part of a flow that expectations need. A digest is small, because it is kept until the flow
 * has been learned from.
 */
export interface Digest {
  flowId: string;
  /** Scoped key of environment and flow type. */
  type: string;
  /** Forward steps (steps that undo nothing), by start, none before a step that caused it. */
  steps: DigestStep[];
  /** True if the flow declared an end other than success. Nothing more is then expected of it. */
  aborted: boolean;
  /**
   * True if parts of the flow may be missing because of sampling. Nothing is then expected of the
   * flow, and nothing is learned from it.
   */
  sampled: boolean;
  /** True if the flow's completion was declared. */
  declaredComplete: boolean;
  /** True if the flow's start was declared. */
  startDeclared?: true;
  lastReceivedMs: number;
  /** Steps that were done and undone; null if the flow undid nothing. */
  ledger: Ledger | null;
  /**
   * Messages that the flow's steps sent, one entry for each message, because one message may be
   * taken while another is not.
   */
  messages: readonly SentMessage[];
}

/** Returns the environment of a digest. */
export const environmentOf = ({ type }: Pick<Digest, 'type'>): string => environmentOfKey(type);

/**
 * A message and its consumers. Each message is kept separately: the set of step types that
 * follow a step would not show that one of ten messages was not taken.
 */
export interface SentMessage {
  /** Id of the step that sent the message. */
  stepId: string;
  /**
   * Step type and version of the sender, and the place. Messages with the same key are compared
   * with each other.
   */
  key: string;
  /**
   * Destination and declared type of the message. The type is included, because a consumer of one
   * type on a topic may not want another.
   */
  place: string;
  /** Messaging system of the place; '' if the sender does not tell it. */
  system: string;
  destination: string;
  sendSpanId: string;
  /** Id of the hop that shows the message waiting; null if no hop does. */
  waitingHopId: string | null;
  sentMs: number;
  /** Types of the steps that took the message: sorted, each once. */
  takers: readonly string[];
  waits: readonly TakerWait[];
  /**
   * True if the message was counted as untaken (`structural/`). The count has to be subtracted if
   * the flow is retracted.
   */
  isCounted: boolean;
}

interface TakerWait {
  to: string;
  /** Id of the step that took the message. */
  stepId: string;
  ms: number;
  /**
   * When the step that took the message was received, in ms since 1970, by the sender's clock, and
   * minus the delay that all spans of the flow have in common.
   */
  heardMs: number;
  /**
   * True if an outage of the consumer made this wait longer, as it did for other messages
   * (`outages.ts`). Set before the flow is learned from.
   */
  isHeldUp: boolean;
}

export interface DigestStep {
  id: string;
  /** Step type, which is a different one if the step failed, because that decides what follows. */
  key: string;
  /** Step type, whether or not the step failed. Steps before it count it by this type. */
  as: string;
  name: string;
  service: string;
  version: string;
  kind: string;
  startMs: number;
  receivedMs: number;
  /** When the span of the step that ends last was received, in ms since 1970. */
  endReceivedMs: number;
  /**
   * Time, ms, from the start of the step until it is received, without the delay that all spans of
   * the flow have in common (`backlogMsOf`).
   */
  lagMs: number;
  /**
   * How far the clock of the step's sender is behind, ms, minus what causal time has corrected
   * already.
   */
  behindMs: number;
  endMs: number | null;
  running: boolean;
  failed: boolean;
  /** Time of the step's latest sign of life, in ms since 1970. */
  aliveMs: number;
  /** True if the step sent a reply, whether or not it was taken. */
  replied: boolean;
  /** Destination of the message that caused the step; '' if no message did. */
  via: string;
  /** Consumer group that took this message; '' if it is unknown. */
  group: string;
  /** Type of the step that caused this one; '' if no step of the flow did. */
  from: string;
  /**
   * What the step did, sorted, each once: places that it sent to (`actionOf`), and step types that
   * it called.
   */
  did: readonly string[];
  /** Times from the step's start to each of its actions. */
  waits: readonly ActionWait[];
  /** True if an outage delayed the step (`outages.ts`). Set before the flow is learned from. */
  isHeldUp: boolean;
  /**
   * Present if the step is a delivery whose work is done in another span
   * (`structural/receipts.ts`).
   */
  receipt?: Receipt & { isCounted: boolean };
}

interface ActionWait {
  to: string;
  ms: number;
}

/**
 * Returns the place (destination and type) of a message. A message without destination and type
 * gets the sender's step type as its place, so that unrelated steps do not share one place.
 */
const placeIn = ({ message }: Hop, from: string): string =>
  message.destination === '' && message.type === ''
    ? `from ${from}`
    : placeKey(message.destination, message.type);

/**
 * The empty list that all steps and messages without entries share, to save memory, because most
 * steps send and call nothing, or one thing only.
 */
const NONE: readonly never[] = [];
function withOne<T>(list: readonly T[], one: T): readonly T[] {
  if (list.length === 0) return [one];
  (list as T[]).push(one);
  return list;
}

const MAX_ANCESTORS = 64;
/**
 * Maximum number of step types in one set. A flow with more types is too wide to be described by a
 * set.
 */
export const MAX_MEMBERS = 200;
/** Maximum number of messages of one flow; further messages are not learned from. */
const MAX_MESSAGES = 500;

/**
 * Returns how far the clock of a step's sender is behind, ms, minus what causal time has corrected.
 */
export type BehindMs = (step: Step) => number;

export function digestOf(flow: Flow, behindMs: BehindMs): Digest {
  const backlogMs = backlogMsOf(flow);
  const steps = stepsOf(flow, behindMs, backlogMs);
  const messages = messagesOf(flow, steps, backlogMs);
  for (const step of steps.values()) {
    if (step.did.length > 1) step.did = membersOf(step.did);
    // The copy of the array has no spare capacity, so the digest takes less memory.
    if (step.waits.length > 1) step.waits = step.waits.slice();
  }
  for (const message of messages.values())
    if (message.takers.length > 1) message.takers = membersOf(message.takers);
  const digest: Digest = {
    flowId: flow.id,
    type: scopedKey(flow.environment, flow.type),
    steps: [...steps.values()],
    aborted: flow.outcome !== null && flow.outcome !== 'completed',
    sampled: flow.badges.includes('sampled'),
    declaredComplete: flow.outcome === 'completed',
    lastReceivedMs: flow.lastReceivedMs,
    ledger: ledgerOf(flow),
    messages: messages.size === 0 ? NONE : [...messages.values()],
  };
  if (flow.startDeclared === true) digest.startDeclared = true;
  return digest;
}

/**
 * Returns the forward steps by id. Steps that undo others are left out, because they are audited
 * (detect/rules/compensation.ts), not awaited.
 */
function stepsOf(flow: Flow, behindMs: BehindMs, backlogMs: number): Map<string, DigestStep> {
  const { parentOf, via, group } = causesIn(flow);
  const forward = flow.steps.filter(
    (step) => step.compensates === null && step.kind !== 'compensation',
  );
  const as = new Map(forward.map((step) => [step.id, typeOf(step, parentOf)]));
  const steps = new Map<string, DigestStep>();
  for (const step of forward) {
    const type = as.get(step.id)!;
    const made: DigestStep = {
      id: step.id,
      key: step.status === 'failed' ? failedType(type) : type,
      as: type,
      name: step.name,
      service: step.service,
      version: step.serviceVersion,
      kind: step.kind,
      startMs: msOf(step.start),
      receivedMs: step.receivedMs,
      endReceivedMs: step.endReceivedMs,
      lagMs: Math.max(0, step.receivedMs - backlogMs - msOf(step.start)),
      behindMs: behindMs(step),
      endMs: step.end === null ? null : msOf(step.end),
      running: step.status === 'running',
      failed: step.status === 'failed',
      aliveMs: step.aliveMs,
      replied: false,
      via: via.get(step.id) ?? '',
      group: group.get(step.id) ?? '',
      from: as.get(parentOf.get(step.id)?.id ?? '') ?? '',
      did: NONE,
      waits: NONE,
      isHeldUp: false,
    };
    if (step.receipt) made.receipt = { ...step.receipt, isCounted: false };
    steps.set(step.id, made);
  }
  return steps;
}

/**
 * Returns the type of a step. A step of the second iteration of a loop has another type than a step
 * of the first, because what follows may differ.
 */
function typeOf(step: Step, parentOf: ReadonlyMap<string, Step>): string {
  let up = parentOf.get(step.id);
  for (let far = 0; up !== undefined && far < MAX_ANCESTORS; far++, up = parentOf.get(up.id))
    if (up.typeKey === step.typeKey) return repeatedType(step.typeKey);
  return step.typeKey;
}

/**
 * Returns the flow's messages by the id of their send span, and records at each step what the step
 * did and whether it replied.
 */
function messagesOf(
  flow: Flow,
  steps: ReadonlyMap<string, DigestStep>,
  backlogMs: number,
): Map<string, SentMessage> {
  const messages = new Map<string, SentMessage>();
  const isPast = repliesToPastAttempts(flow);
  for (const hop of flow.hops) {
    const from = hop.from === null ? undefined : steps.get(hop.from);
    if (from === undefined || hop.to === from.id) continue;
    if (hop.message.kind === 'reply') from.replied = true;
    const to = hop.to === null ? undefined : steps.get(hop.to);
    if (hop.sync || hop.sendSpanId === null) {
      if (to !== undefined) act(from, to.as, to.startMs);
      continue;
    }
    let message = messages.get(hop.sendSpanId);
    if (message === undefined) {
      const place = placeIn(hop, from.as);
      act(from, actionOf(place), msOf(hop.sent));
      if (messages.size >= MAX_MESSAGES) continue;
      message = sentMessage(hop, hop.sendSpanId, from, place);
      messages.set(hop.sendSpanId, message);
    }
    // A dead letter waits for its consumer like any other message, if it has one.
    if (hop.to === null && !isPast.has(hop.id)) message.waitingHopId = hop.id;
    if (to === undefined) continue;
    message.takers = withOne(message.takers, to.as);
    // A guess does not show who takes messages at this place (`guessed-takers.test.ts`).
    if (hop.evidence.some(({ kind }) => kind === 'place')) continue;
    const ms = Math.max(0, to.startMs - message.sentMs - behindOf(from, to));
    const { as: name, id: stepId } = to;
    const heardMs = to.receivedMs - Math.max(backlogMs, from.behindMs);
    message.waits = withOne(message.waits, { to: name, stepId, ms, heardMs, isHeldUp: false });
  }
  return messages;
}

const sentMessage = (
  hop: Hop,
  sendSpanId: string,
  from: DigestStep,
  place: string,
): SentMessage => ({
  stepId: from.id,
  key: messageKeyOf(from, place),
  place,
  system: hop.message.system,
  destination: hop.message.destination,
  sendSpanId,
  waitingHopId: null,
  sentMs: msOf(hop.sent),
  takers: NONE,
  waits: NONE,
  isCounted: false,
});

/** Returns the members sorted, each once. */
const membersOf = (all: readonly string[]): string[] =>
  [...new Set(all)].sort().slice(0, MAX_MEMBERS);

function act(step: DigestStep, action: string, atMs: number): void {
  step.did = withOne(step.did, action);
  step.waits = withOne(step.waits, { to: action, ms: Math.max(0, atMs - step.startMs) });
}
