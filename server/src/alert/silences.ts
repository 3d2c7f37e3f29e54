import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';
import type { Incident, Silence } from '../model/incident.ts';
import { snapshotOf } from './incidents/index.ts';
import { matches, matchesWhole, type Matcher } from './policy.ts';

/**
 * Keeps silences, which suppress notifications for a time. Up to MAX_SILENCES, a silence and its
 * comment are kept even after its end.
 */
export interface Silences {
  load(silences: readonly Silence[]): void;
  /** Returns all silences, newest first. */
  list(): Silence[];
  /** Adds a silence. Rejects with `query.invalid` if there are too many active silences. */
  add(fields: SilenceFields): Promise<Silence>;
  /**
   * Ends a silence now. Resolves to the silence before (`was`) and after (`is`) the change;
   * undefined if there is no such silence.
   */
  end(id: string): Promise<{ was: Silence; is: Silence } | undefined>;
  /** Ends the silences that were to last until this incident resolves. */
  endWith(incident: Pick<Incident, 'id'>): Promise<void>;
}

export type SilenceFields = Pick<Silence, 'rule' | 'flowType' | 'service' | 'until' | 'comment'> &
  Partial<Pick<Silence, 'incidentId' | 'untilResolved'>>;

/** The criteria of a silence, without its duration. */
export type SilenceScope = Omit<SilenceFields, 'until' | 'comment' | 'untilResolved'>;

/** Returns whether the silence covers all parts of the incident, so that it suppresses it. */
export const covers = (scope: SilenceScope, incident: Incident): boolean =>
  isFor(scope, incident) && matchesWhole(matcherOf(scope), incident);
/** Returns whether the silence covers at least one part of the incident. */
const touches = (scope: SilenceScope, incident: Incident): boolean =>
  isFor(scope, incident) && matches(matcherOf(scope), incident);

/**
 * Returns the open incidents that the silence covers completely (`held`), and those that it covers
 * only in part (`partly`).
 */
export function heldBack(
  scope: SilenceScope,
  incidents: readonly Incident[],
): { held: Incident[]; partly: Incident[] } {
  const touched = incidents.filter((one) => one.status === 'open' && touches(scope, one));
  return {
    held: touched.filter((one) => covers(scope, one)).map(snapshotOf),
    partly: touched.filter((one) => !covers(scope, one)).map(snapshotOf),
  };
}

const isFor = ({ incidentId = '' }: SilenceScope, { id }: Incident): boolean =>
  incidentId === '' || incidentId === id;
const matcherOf = ({ rule, flowType, service }: SilenceScope): Matcher => ({
  severities: [],
  rules: listOf(rule),
  types: listOf(flowType),
  services: listOf(service),
});
const listOf = (value: string): string[] => (value === '' ? [] : [value]);

const MAX_SILENCES = 1000;

export function createSilences(clock: Clock, save: (silence: Silence) => Promise<void>): Silences {
  const silences = new Map<string, Silence>();
  const end: Silences['end'] = async (id) => {
    const was = silences.get(id);
    if (was === undefined) return undefined;
    const is = { ...was, until: Math.min(was.until, clock.now()), version: was.version + 1 };
    await save(is);
    silences.set(id, is);
    return { was, is };
  };
  return {
    load(list) {
      for (const silence of list) silences.set(silence.id, silence);
    },
    list: () => [...silences.values()].sort((a, b) => b.createdAt - a.createdAt),
    async add(fields) {
      const now = clock.now();
      for (const [id, old] of silences)
        if (silences.size >= MAX_SILENCES && old.until <= now) silences.delete(id);
      if (silences.size >= MAX_SILENCES)
        throw new FermataError('query.invalid', `there are ${MAX_SILENCES} silences already`, {
          hint: 'End some of them.',
        });
      const silence: Silence = {
        ...fields,
        id: `s${now.toString(36)}-${silences.size}`,
        createdAt: now,
        version: now,
      };
      await save(silence);
      silences.set(silence.id, silence);
      return silence;
    },
    end,
    async endWith(incident) {
      for (const one of silences.values())
        if (one.untilResolved === true && one.incidentId === incident.id && one.until > clock.now())
          await end(one.id);
    },
  };
}
