import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Expectations } from '../expect/index.ts';
import type { EngineStore } from '../store/index.ts';
import type { Clocks, LearnedNames } from '../timeline/index.ts';

/**
 * Saves the learned models of flow types, clocks and names, so that they survive a restart. A crash
 * loses what was learned since the last save, and it is then learned again from new spans.
 */
export interface LearnedSaver {
  load(): Promise<void>;
  /** Saves the models that changed since the last save. */
  save(): Promise<void>;
  /** Begins to save the changed models periodically. */
  start(): void;
  stop(): Promise<void>;
}

export interface LearnedSaverOptions {
  clock: Clock;
  log: Log;
  store: Pick<EngineStore, 'learned' | 'saveLearned' | 'documents' | 'saveDocument'>;
  expectations: Pick<Expectations, 'load' | 'takeChanged'>;
  clocks: Pick<Clocks, 'load' | 'takeChanged'>;
  names: Pick<LearnedNames, 'load' | 'takeChanged'>;
}

const SAVE_MS = 60_000;

export function createLearnedSaver({
  clock,
  log,
  store,
  expectations,
  clocks,
  names,
}: LearnedSaverOptions): LearnedSaver {
  let cancel: (() => void) | undefined;
  let stopping = false;
  const save = async (): Promise<void> => {
    const models = expectations.takeChanged();
    if (models.length > 0) await store.saveLearned(models, clock.now());
    const verdicts = clocks.takeChanged();
    if (verdicts !== null) await store.saveDocument('clock', 'wrong', clock.now(), verdicts);
    const unbounded = names.takeChanged();
    if (unbounded !== null) await store.saveDocument('names', 'unbounded', clock.now(), unbounded);
  };
  const saveLater = (): void => {
    cancel = clock.after(SAVE_MS, () => {
      void save()
        .catch((error: unknown) =>
          log.warn({ reason: messageOf(error) }, 'what was learned could not be saved'),
        )
        .finally(() => stopping || saveLater());
    });
  };
  return {
    async load() {
      expectations.load(await store.learned());
      for (const { body } of await store.documents('clock')) clocks.load(body);
      for (const { body } of await store.documents('names')) names.load(body);
    },
    save,
    start: saveLater,
    async stop() {
      stopping = true;
      await save().catch(() => undefined);
      cancel?.();
    },
  };
}
