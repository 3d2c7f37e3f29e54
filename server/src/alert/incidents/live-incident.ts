import { countWhile } from '../../base/lists.ts';
import type { Incident } from '../../model/incident.ts';
import { copyOf, type MutableIncident } from './mutable-incident.ts';
import { describe, takeUp } from './title.ts';
import { addSample } from './trend.ts';

/** An incident that is tracked. An incident is changed in place only in this form. */
export interface LiveIncident {
  readonly incident: MutableIncident;
  /** Flows in the incident, by the id of the flow. */
  readonly members: Map<string, Member>;
  /** Sum of the worth of the incident's members, in hundredths. */
  hundredths: number;
  /**
   * Number of members that leave the incident by themselves when their flow moves on. All other
   * members are in the incident because of a past event.
   */
  conditions: number;
  /**
   * Number of members of a loaded incident that `count` already includes and that will be observed
   * again.
   */
  recount: number;
  /** Times at which members left the incident lately, epoch ms, ascending. */
  leftAtMs: number[];
  suspected: string[];
  /** True while the end of the incident is scheduled. Another event would postpone that end. */
  isFading: boolean;
}

export interface Member {
  /**
   * Worth of the flow, in hundredths. It is an integer, so that a thousand prices add up exactly.
   */
  hundredths: number;
  /**
   * True if the flow is a member because of a condition, which ends when the flow moves on. False
   * if the flow is a member because of a past event.
   */
  isCondition: boolean;
}

const MAX_NOTES = 100;
const MAX_NOTE_CHARACTERS = 2000;
const MAX_EXAMPLES = 10;
/**
 * Number of members that are tracked one by one. Beyond this number, only the count of members
 * grows.
 */
const MAX_MEMBERS = 100_000;
export const MAX_KEYS = 100;
/** Time over which the members that leave are counted for the drain rate, ms. */
const DRAIN_MS = 60_000;

export const liveIncident = (incident: Incident, recount: number): LiveIncident => ({
  incident: copyOf(incident),
  members: new Map(),
  hundredths: 0,
  conditions: 0,
  recount,
  leftAtMs: [],
  suspected: [],
  isFading: false,
});

/** Adds a flow to the incident. The flow counts once, however often it is observed. */
export function addMember(live: LiveIncident, flowId: string, member: Member): void {
  const known = live.members.get(flowId);
  if (known) {
    live.conditions += Number(member.isCondition) - Number(known.isCondition);
    known.isCondition = member.isCondition;
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

/** Removes a flow from the incident. Returns false if the flow was no member. */
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
 * Merges the members, parts and times of `other` into `head`, because both incidents turned out to
 * have the same cause.
 */
export function absorb(head: LiveIncident, other: LiveIncident): void {
  const { incident } = head;
  const folded = other.incident;
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
    });
  }
  head.leftAtMs = [...head.leftAtMs, ...other.leftAtMs].sort((a, b) => a - b);
  for (const part of folded.parts) takeUp(incident, part);
  incident.lasting ||= folded.lasting;
  incident.firstAt = Math.min(incident.firstAt, folded.firstAt);
  incident.lastAt = Math.max(incident.lastAt, folded.lastAt);
  const examples = new Set([...incident.exampleFlowIds, ...folded.exampleFlowIds]);
  incident.exampleFlowIds = [...examples].slice(0, MAX_EXAMPLES);
  head.suspected = [...new Set([...head.suspected, ...other.suspected])];
  describe(incident, head.suspected);
}

/**
 * Updates the figures that the dashboard shows: the number of open members, the worth of these
 * members and the drain rate.
 */
export function measure(live: LiveIncident, nowMs: number, hasValue: boolean): void {
  const { incident, members, leftAtMs } = live;
  incident.openCount = members.size;
  addSample(incident.trend, nowMs, members.size);
  if (hasValue) incident.value = live.hundredths / 100;
  // This is a binary search, because `measure` runs for each of thousands of members that leave.
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
