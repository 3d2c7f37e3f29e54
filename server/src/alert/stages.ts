import type { Incident, Silence } from '../model/incident.ts';
import { inhibitorOf, mutedUntil, type Inhibition, type MuteWindow } from './policy.ts';
import { covers } from './silences.ts';

/**
 * Decision of a stage to hold or drop a notification. Before a notification is sent, the stages are
 * called in order. A stage that returns null lets the notification pass. The reason is stored and
 * displayed with the notification.
 */
export interface StageDecision {
  reason: string;
  /** Time when the stages are called again, epoch ms; null if the notification is dropped. */
  until: number | null;
}
export type Stage = (incident: Incident, context: StageContext) => StageDecision | null;

/** Information for the decision of a stage, in addition to the incident. */
export interface StageContext {
  nowMs: number;
  silences: Iterable<Silence>;
  /** Mute windows of the route by which the channel is notified of the incident. */
  mute: readonly MuteWindow[];
  inhibitions: readonly Inhibition[];
  /** Incidents that are open now. */
  open: readonly Incident[];
}

const acknowledged: Stage = (incident) =>
  incident.ack === null ? null : { reason: 'acknowledged before it was sent', until: null };

const silenced: Stage = (incident, { nowMs, silences }) => {
  for (const silence of silences) {
    const { until, comment } = silence;
    if (until <= nowMs || !covers(silence, incident)) continue;
    return { reason: `silenced${comment === '' ? '' : `: ${comment}`}`, until };
  }
  return null;
};

/**
 * Interval at which an inhibited notification is checked again, ms. It is checked regularly,
 * because nobody knows when the inhibiting incident will end.
 */
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

/**
 * Returns the decision of the first stage that holds or drops the notification; null if it may be
 * sent.
 */
export function decide(incident: Incident, context: StageContext): StageDecision | null {
  for (const stage of STAGES) {
    const decision = stage(incident, context);
    if (decision !== null) return decision;
  }
  return null;
}
