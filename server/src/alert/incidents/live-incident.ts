import { countWhile } from '../../base/lists.ts';
import type { Incident } from '../../model/incident.ts';
import { copyOf, type MutableIncident } from './mutable-incident.ts';
import { describe, takeUp } from './title.ts';
import { addSample } from './trend.ts';

/**
 * An open or resolved incident with its working data. Only code with a `LiveIncident` changes an
 * incident in place.
 */
export interface LiveIncident {
  readonly incident: MutableIncident;
  /** Flows in the incident, by flow id. */
  readonly members: Map<string, Member>;
  /** Sum of the values of all flows in the incident, in hundredths. */
  hundredths: number;
  /**
   * Number of flows that are in the incident because of a condition, so that they leave it when
   * they continue. The other flows are in it because of a past event.
   */
  conditions: number;
  /**
   * Number of flows of a loaded incident that `count` already includes and that have not been
   * observed again yet.
   */
  recount: number;
  /** Times when flows left the incident in the last minute, epoch ms, ascending. */
  leftAtMs: number[];
  suspected: string[];
  /** Number of later messages that the consumer took (`overtaken.ts`). */
  overtaken: number;
  /** True while a check is scheduled that ends the incident unless another event happens before. */
  isFading: boolean;
}

export interface Member {
  /** Value of the flow in hundredths. It is an integer, so that sums of prices are exact. */
  hundredths: number;
  /**
   * True if the flow is in the incident because of a condition, which ends when the flow continues;
   * false if it is in it because of a past event.
   */
  isCondition: boolean;
  /**
   * When the message was sent that nobody takes at the incident's place, epoch ms; 0 if the flow
   * waits for none there.
   */
  sentMs: number;
}

const MAX_NOTES = 100;
const MAX_NOTE_CHARACTERS = 2000;
const MAX_EXAMPLES = 10;
/** Maximum number of flows that are tracked individually. Further flows only increase the count. */
const MAX_MEMBERS = 100_000;
export const MAX_KEYS = 100;
/** Period over which leaving flows are counted for the drain rate, ms. */
const DRAIN_MS = 60_000;

export const liveIncident = (incident: Incident, recount: number): LiveIncident => ({
  incident: copyOf(incident),
  members: new Map(),
  hundredths: 0,
  conditions: 0,
  recount,
  leftAtMs: [],
  suspected: [],
  overtaken: 0,
  isFading: false,
});

/** Adds a flow to the incident. A flow that is observed several times counts once. */
export function addMember(live: LiveIncident, flowId: string, member: Member): void {
  const known = live.members.get(flowId);
  if (known) {
    live.conditions += Number(member.isCondition) - Number(known.isCondition);
    known.isCondition = member.isCondition;
    known.sentMs = member.sentMs;
    return;
  }
  if (live.members.size < MAX_MEMBERS) {
    live.members.set(flowId, member);
    live.hundredths += member.hundredths;
    live.conditions += Number(member.isCondition);
  }
  if (live.recount > 0) live.recount--;
  else live.incident.count++;
  const { exampleFlowIds } = live.incident;
  if (exampleFlowIds.length < MAX_EXAMPLES && !exampleFlowIds.includes(flowId))
    exampleFlowIds.push(flowId);
}

/** Removes a flow from the incident. Returns false if the flow was not in it. */
export function removeMember(live: LiveIncident, flowId: string, nowMs: number): boolean {
  const member = live.members.get(flowId);
  if (member === undefined) return false;
  live.members.delete(flowId);
  live.hundredths -= member.hundredths;
  live.conditions -= Number(member.isCondition);
  live.leftAtMs.push(nowMs);
  return true;
}

export function clearMembers(live: LiveIncident): void {
  live.members.clear();
  live.hundredths = 0;
  live.conditions = 0;
}

/**
 * Merges the flows, parts and times of `other` into `head`, because both incidents turned out to
 * have the same cause.
 */
export function absorb(head: LiveIncident, other: LiveIncident): void {
  const { incident } = head;
  const folded = other.incident;
  // The times of messages to another place cannot be compared with those of this one.
  const isSamePlace = folded.place === incident.place;
  const overlap = [...other.members.keys()].filter((flowId) => head.members.has(flowId)).length;
  incident.count += folded.count - overlap;
  head.recount += other.recount;
  for (const [flowId, member] of other.members) {
    const mine = head.members.get(flowId);
    if (mine === undefined) head.hundredths += member.hundredths;
    if (member.isCondition && mine?.isCondition !== true) head.conditions++;
    head.members.set(flowId, {
      ...member,
      isCondition: member.isCondition || mine?.isCondition === true,
      sentMs: Math.max(isSamePlace ? member.sentMs : 0, mine?.sentMs ?? 0),
    });
  }
  head.leftAtMs = [...head.leftAtMs, ...other.leftAtMs].sort((a, b) => a - b);
  for (const part of folded.parts) takeUp(incident, part);
  // Of two silences of one service the one that lasts is told.
  for (const one of folded.unheard) {
    const at = incident.unheard.findIndex(({ service }) => service === one.service);
    if (at < 0) incident.unheard.push(one);
    else if (one.until === null) incident.unheard[at] = one;
  }
  incident.lasting ||= folded.lasting;
  incident.firstAt = Math.min(incident.firstAt, folded.firstAt);
  incident.lastAt = Math.max(incident.lastAt, folded.lastAt);
  const examples = new Set([...incident.exampleFlowIds, ...folded.exampleFlowIds]);
  incident.exampleFlowIds = [...examples].slice(0, MAX_EXAMPLES);
  head.suspected = [...new Set([...head.suspected, ...other.suspected])];
  describeLive(head);
}

/** Sets the incident's title and cause from all that is known. */
export const describeLive = ({ incident, suspected, overtaken }: LiveIncident): void =>
  describe(incident, suspected, overtaken);

/**
 * Updates the figures for the dashboard: the number of flows in the incident, their total value and
 * the drain rate.
 */
export function measure(live: LiveIncident, nowMs: number, hasValue: boolean): void {
  const { incident, members, leftAtMs } = live;
  incident.openCount = members.size;
  addSample(incident.trend, nowMs, members.size);
  if (hasValue) incident.value = live.hundredths / 100;
  // Use a binary search, because this function runs each time one of possibly thousands of flows
  // leaves.
  const old = countWhile(leftAtMs, (at) => at <= nowMs - DRAIN_MS);
  if (old > 0) leftAtMs.splice(0, old);
  incident.drainPerMinute = leftAtMs.length > 0 ? leftAtMs.length : null;
  incident.etaAt =
    leftAtMs.length > 0 && members.size > 0
      ? nowMs + (members.size / leftAtMs.length) * DRAIN_MS
      : null;
}

export function addNote({ incident }: LiveIncident, text: string, nowMs: number): void {
  if (text === '') return;
  incident.notes.push({ at: nowMs, text: text.slice(0, MAX_NOTE_CHARACTERS) });
  incident.notes.splice(0, Math.max(0, incident.notes.length - MAX_NOTES));
}

export function acknowledge({ incident }: LiveIncident, note: string, nowMs: number): void {
  incident.ack = { at: nowMs, count: incident.openCount, note: note.slice(0, MAX_NOTE_CHARACTERS) };
}
