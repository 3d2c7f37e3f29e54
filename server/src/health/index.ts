import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import { createCommits, type CommitsOptions } from './commits.ts';
import type { Condition, TimedCondition } from './condition.ts';
import { createCounted } from './counted.ts';
import { createDisk, type DiskOptions } from './disk.ts';
import { createStorePing } from './store-ping.ts';

export type { Condition, TimedCondition } from './condition.ts';
export { spaceOf, writeProbe, type Space } from './files.ts';

/**
 * What is wrong with Fermata itself, in one place: for whoever asks whether to send here, for the
 * dashboard, and for /metrics. Told by what happened to commits; a store that answers a ping may
 * refuse everything else.
 */
export interface Health {
  /** Looks every second until `stop`, and asks these witnesses. */
  start(witnesses: Witnesses): void;
  stop(): void;
  /** Why nothing is taken now, where that is known before it is tried. */
  refusal(): FermataError | null;
  /** What became of a commit. */
  committed(failure?: unknown): void;
  /** As of the last look, the worst first. */
  conditions(): readonly TimedCondition[];
  /** Why nothing can be taken now, in words; within two seconds, whatever the store does. */
  notReady(): Promise<string[]>;
}

export interface HealthOptions {
  clock: Clock;
  counters: Counters;
  /** Of the directory that commits are written to; null: it is on another machine. */
  disk: DiskOptions | null;
  probe: CommitsOptions['probe'];
  /** Is the store answering? */
  ping(): Promise<boolean>;
}

/** What others know of what is wrong. */
export interface Witnesses {
  /** How long the oldest request waits for its commit, ms. */
  oldestMs: CommitsOptions['oldestMs'];
  sources: readonly (() => readonly Condition[])[];
}

const LOOK_MS = 1000;

export function createHealth(options: HealthOptions): Health {
  const { clock, counters } = options;
  const disk = options.disk && createDisk(options.disk);
  const commits = createCommits({ ...options, oldestMs: () => witnesses.oldestMs() });
  const counted = createCounted(clock, counters);
  const since = new Map<string, number>();
  let current: readonly TimedCondition[] = [];
  const store = createStorePing(clock, () => options.ping());
  let witnesses: Witnesses = { oldestMs: () => 0, sources: [] };
  let cancel: (() => void) | undefined;
  let stopped = false;

  const silence = (): Condition[] =>
    store.answers
      ? []
      : [
          {
            id: 'store-silent',
            text: 'The store does not answer',
            hint: 'Is the ClickHouse server up and CLICKHOUSE_URL right? The embedded store does not answer while its queries take all of its time.',
            // Heavy reads hold up a ping; what is committed all the same is a better witness.
            blocks: !commits.goOn,
          },
        ];
  const all = (): Condition[] => [
    ...(disk?.conditions() ?? []),
    ...commits.conditions(),
    ...silence(),
    ...witnesses.sources.flatMap((source) => source()),
    ...counted(),
  ];
  const judge = (): void => {
    const now = clock.now();
    const found = all();
    for (const id of since.keys()) if (!found.some((one) => one.id === id)) since.delete(id);
    current = found
      .map((one) => {
        const from = one.since ?? since.get(one.id) ?? now;
        since.set(one.id, from);
        return { ...one, since: from };
      })
      .sort((a, b) => Number(b.blocks) - Number(a.blocks) || a.since - b.since);
  };
  const look = (): void => {
    void disk?.look();
    void commits.look();
    store.askNowAndThen();
    judge();
    if (!stopped) cancel = clock.after(LOOK_MS, look);
  };

  if (disk) counters.gauge('fermata_disk_free_bytes', () => (disk.free === null ? [] : disk.free));
  counters.gauge('fermata_condition', () =>
    current.map(({ id }) => ({ labels: { id }, value: 1 })),
  );
  return {
    start(known) {
      witnesses = known;
      look();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
    refusal: () =>
      disk?.isLow
        ? new FermataError('data.low', 'the disk of the data directory is nearly full', {
            retryable: true,
            hint: 'Free some space there; FERMATA_MIN_FREE says how much there has to be.',
          })
        : null,
    committed: (failure) => commits.happened(failure),
    conditions: () => current,
    async notReady() {
      await store.ask();
      judge();
      return current.filter(({ blocks }) => blocks).map(({ text }) => text);
    },
  };
}
