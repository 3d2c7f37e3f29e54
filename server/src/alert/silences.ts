import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';
import type { Silence } from '../model/incident.ts';

/**
 * Suppresses notifications for a while. A silence is kept with its comment, also after its end, up
 * to a bound.
 */
export interface Silences {
  load(silences: readonly Silence[]): void;
  /** Returns silences, newest first. */
  list(): Silence[];
  /** Rejects with `query.invalid` when too many silences have not ended. */
  add(fields: SilenceFields): Promise<Silence>;
  /** Ends a silence now; resolves with its state before and after. */
  end(id: string): Promise<{ was: Silence; is: Silence } | undefined>;
}

export type SilenceFields = Pick<Silence, 'rule' | 'flowType' | 'service' | 'until' | 'comment'>;

const MAX_SILENCES = 1000;

export function createSilences(clock: Clock, save: (silence: Silence) => Promise<void>): Silences {
  const silences = new Map<string, Silence>();
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
    async end(id) {
      const was = silences.get(id);
      if (was === undefined) return undefined;
      const is = { ...was, until: Math.min(was.until, clock.now()), version: was.version + 1 };
      await save(is);
      silences.set(id, is);
      return { was, is };
    },
  };
}
