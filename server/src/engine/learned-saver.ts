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

/**
 * Bounds of the pause between two saves, ms. A crash loses what was learned in a pause, and whoever
 * was learned just before would be silent after it.
 */
const MIN_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;
/**
 * The pause after a save is this many times as long as the save took, within the bounds. Saving the
 * models of thousands of types so takes little of the time.
 */
const PAUSE_FACTOR = 20;

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
  let pauseMs = MIN_PAUSE_MS;
  const save = async (): Promise<void> => {
    const models = expectations.takeChanged();
    if (models.length > 0) await store.saveLearned(models, clock.now());
    const verdicts = clocks.takeChanged();
    if (verdicts !== null) await store.saveDocument('clock', 'wrong', clock.now(), verdicts);
    const unbounded = names.takeChanged();
    if (unbounded !== null) await store.saveDocument('names', 'unbounded', clock.now(), unbounded);
  };
  const saveLater = (): void => {
    cancel = clock.after(pauseMs, () => {
      const begunMs = clock.now();
      void save()
        .catch((error: unknown) =>
          log.warn({ reason: messageOf(error) }, 'what was learned could not be saved'),
        )
        .finally(() => {
          const tookMs = clock.now() - begunMs;
          pauseMs = Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * tookMs));
          if (!stopping) saveLater();
        });
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
