import type { Incident, Silence } from '../model/incident.ts';
import {
  inhibitorOf,
  matchesWhole,
  mutedUntil,
  type Inhibition,
  type MuteWindow,
} from './policy.ts';

/**
 * What stands between an incident and a person, in order. A stage lets pass (null) or holds, and
 * says why; a hold without end drops. The reason is kept with the notification and shown.
 */
export interface StageDecision {
  reason: string;
  /** Ask again then, ms; null: it will not be sent. */
  until: number | null;
}
export type Stage = (incident: Incident, context: StageContext) => StageDecision | null;

/** All that a stage may look at, besides the incident. */
export interface StageContext {
  nowMs: number;
  silences: Iterable<Silence>;
  /** Of the route that the notification came by. */
  mute: readonly MuteWindow[];
  inhibitions: readonly Inhibition[];
  /** Incidents that are open now. */
  open: readonly Incident[];
}

const acknowledged: Stage = (incident) =>
  incident.ack === null ? null : { reason: 'acknowledged before it was sent', until: null };

const silenced: Stage = (incident, { nowMs, silences }) => {
  const listOf = (value: string): string[] => (value === '' ? [] : [value]);
  for (const { until, rule, flowType, service, comment } of silences) {
    if (until <= nowMs) continue;
    const silence = {
      severities: [],
      rules: listOf(rule),
      types: listOf(flowType),
      services: listOf(service),
    };
    if (matchesWhole(silence, incident))
      return { reason: `silenced${comment === '' ? '' : `: ${comment}`}`, until };
  }
  return null;
};

/** Inhibition ends when the other incident does; nobody says when that is. */
const ASK_AGAIN_MS = 15_000;
const inhibited: Stage = (incident, { nowMs, inhibitions, open }) => {
  const by = inhibitorOf(incident, inhibitions, open);
  return by === undefined
    ? null
    : { reason: `inhibited by ${by.title}`, until: nowMs + ASK_AGAIN_MS };
};

const muted: Stage = (_incident, { nowMs, mute }) => {
  const until = mutedUntil(mute, nowMs);
  return until === null
    ? null
    : { reason: `in a mute window until ${new Date(until).toISOString()}`, until };
};

const STAGES: readonly Stage[] = [acknowledged, silenced, inhibited, muted];

/** The decision of the first stage that holds; null: it may be sent. */
export function decide(incident: Incident, context: StageContext): StageDecision | null {
  for (const stage of STAGES) {
    const decision = stage(incident, context);
    if (decision !== null) return decision;
  }
  return null;
}
