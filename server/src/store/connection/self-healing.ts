import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { createBrokenParts } from './broken-parts.ts';
import type { Connection } from './port.ts';
import { BROKEN_DETACHED_PARTS } from '../sql/system.sql.ts';
import { inventoryOf } from './part-inventory.ts';

/** Table whose lost rows can be rebuilt from spans. No other table can be rebuilt. */
const DERIVED = 'flows';
const SAVE_EVERY_MS = 60_000;
/**
 * Maximum number of attempts of a query. After each failed attempt, the broken part that it found
 * was quarantined.
 */
const MAX_TRIES = 20;

export interface SelfHealingOptions {
  directory: string;
  clock: Clock;
  counters: Counters;
  log: Log;
}

/**
 * Wraps a connection so that broken parts are quarantined when a query fails on them, and missing
 * rows of table `flows` are detected. `open` creates the connection. The connection must call
 * `beforeOpening` after it has locked the directory and before the engine changes any file.
 */
export function selfHealing(
  open: (beforeOpening: () => void) => Connection,
  { directory, clock, counters, log }: SelfHealingOptions,
): Connection {
  const connection = open(() => {
    isOurs = true;
    if (inventory.detectMissing()) log.error({ table: DERIVED }, 'a part of the store is missing');
  });
  let isOurs = false;
  const inventory = inventoryOf(directory, DERIVED);
  const listeners: (() => void)[] = [];
  let count = 0;
  let closing = false;
  let cancelSave: (() => void) | undefined;
  let verifying: Promise<void> | undefined;

  const saveInventory = (isShutdown = false): void => {
    try {
      inventory.save(isShutdown);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'which parts there are could not be noted');
    }
  };
  const saveInventoryLater = (): void => {
    cancelSave = clock.after(SAVE_EVERY_MS, () => {
      saveInventory();
      saveInventoryLater();
    });
  };
  const losing = (table: string): void => {
    if (table !== DERIVED) return;
    try {
      inventory.due = true;
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'that flow rows were lost could not be noted');
    }
  };
  const lost = (table: string): void => {
    if (table !== DERIVED) return;
    losing(table);
    count++;
    for (const listener of listeners) listener();
  };
  const parts = createBrokenParts({
    query: (sql, params, settings) => connection.query(sql, params, settings),
    counters,
    log,
    onLosing: losing,
    onLost: lost,
  });
  /**
   * Logs and counts the parts that the engine detached at its start because it could not load them.
   * Each part is reported once.
   */
  const sayDetached = async (): Promise<void> => {
    const rows = await connection.query<{ table: string; name: string; reason: string }>(
      BROKEN_DETACHED_PARTS,
    );
    const fresh = new Set(
      inventory.newlyDetached(rows.map(({ table, name }) => `${table}/${name}`)),
    );
    for (const { table, name, reason } of rows) {
      if (!fresh.has(`${table}/${name}`)) continue;
      counters.add('fermata_broken_parts_total');
      log.error(
        { table, part: name, reason },
        'a part of the store was broken; it is in detached/ of its table',
      );
      lost(table);
    }
  };

  return {
    ...connection,
    async open() {
      await connection.open();
      await sayDetached();
      saveInventory();
      saveInventoryLater();
      if (inventory.wasKilled)
        verifying = parts
          .verifyLatest(() => closing)
          .catch((error: unknown) =>
            log.warn({ reason: messageOf(error) }, 'parts could not be checked'),
          );
    },
    async query(sql, params, settings) {
      for (let tries = 1; ; tries++)
        try {
          return await connection.query(sql, params, settings);
        } catch (error) {
          if (tries === MAX_TRIES || !(await parts.quarantine(error))) throw error;
        }
    },
    async close() {
      closing = true;
      cancelSave?.();
      await verifying;
      if (isOurs) saveInventory(true);
      await connection.close();
    },
    losses: {
      get count() {
        return count;
      },
      get due() {
        return inventory.due;
      },
      onLoss: (listener) => void listeners.push(listener),
      rebuilt(upTo) {
        if (count !== upTo) return;
        inventory.due = false;
        saveInventory();
      },
    },
  };
}
