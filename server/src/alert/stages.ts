import type { Incident, Silence } from '../model/incident.ts';
import { inhibitorOf, mutedUntil, type Inhibition, type MuteWindow } from './policy.ts';
import { covers } from './silences.ts';

/**
 * The decision of a stage to hold a notification. Before a notification is sent, the stages are
 * asked in order, and a stage that returns null lets the notification pass. The reason is kept with
 * the notification and shown.
 */
export interface StageDecision {
  reason: string;
  /** When the stages are to be asked again, epoch ms; null: the notification is dropped. */
  until: number | null;
}
export type Stage = (incident: Incident, context: StageContext) => StageDecision | null;

/** What a stage may use besides the incident. */
export interface StageContext {
  nowMs: number;
  silences: Iterable<Silence>;
  /** Mute windows of the route that leads from the incident to the channel. */
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
 * Time after which an inhibited notification is decided again, ms. It is an interval, because
 * inhibition ends with the other incident, and nobody knows when that will be.
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
 * Returns the decision of the first stage that holds the notification; null if the notification may
 * be sent.
 */
export function decide(incident: Incident, context: StageContext): StageDecision | null {
  for (const stage of STAGES) {
    const decision = stage(incident, context);
    if (decision !== null) return decision;
  }
  return null;
}
