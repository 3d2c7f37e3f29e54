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
 * Determines the problems of Fermata itself: for senders that ask whether the server is ready, for
 * the dashboard and for /metrics. Decides mainly by the results of commits, because a store that
 * answers a ping may still refuse every write.
 */
export interface Health {
  /**
   * Starts a check every second, which also asks `witnesses` for problems. `stop` ends the checks.
   */
  start(witnesses: Witnesses): void;
  stop(): void;
  /**
   * Returns the error with which spans are refused at present, if a commit would certainly fail;
   * null otherwise.
   */
  refusal(): FermataError | null;
  /**
   * Records the result of a commit. `failure` is the cause of a failed commit, and absent after a
   * success.
   */
  committed(failure?: unknown): void;
  /** Returns the conditions that the last check found, most serious first. */
  conditions(): readonly TimedCondition[];
  /**
   * Returns the reasons why no spans can be accepted at present, in words; an empty list if they
   * can. Resolves within two seconds, even if the store hangs.
   */
  notReady(): Promise<string[]>;
}

export interface HealthOptions {
  clock: Clock;
  counters: Counters;
  /**
   * Directory to which commits are written, and the function that reads its free space; null if the
   * store is on another machine.
   */
  disk: DiskOptions | null;
  probe: CommitsOptions['probe'];
  /** Resolves to whether the store answers. */
  ping(): Promise<boolean>;
}

/** Other parts of the server that know about problems. */
export interface Witnesses {
  /** Returns the time that the oldest request has waited for its commit, ms. */
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
            // A heavy query can delay the answer to a ping. Accept spans nevertheless if commits
            // have succeeded recently.
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
