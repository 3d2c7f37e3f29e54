import type { Connection } from './connection/port.ts';
import type { Tracked } from './table-writer.ts';

/**
 * Delays reads of raw spans until the journal is empty, because committed records are in the
 * journal before they are in the table.
 */
export interface ReadLag {
  /** True if the last `tryToCatchUp` failed, so that the table lacks some acknowledged records. */
  readonly isBehind: boolean;
  /**
   * Waits until all acknowledged spans are in the table. Correlation requires this. Rejects if the
   * table refuses rows now.
   */
  catchUp: () => Promise<void>;
  /**
   * Waits until all acknowledged spans are in the table, but never rejects. Use it for reads by
   * people, for whom an incomplete answer is better than an error.
   */
  tryToCatchUp: () => Promise<void>;
  /**
   * Waits until all log records are in the table, but never rejects. Resolves to false if the table
   * refuses some of them now.
   */
  tryToCatchUpLogs: () => Promise<boolean>;
}

export function createReadLag(connection: Connection, tracked: Tracked): ReadLag {
  let isBehind = false;
  const catchUp = (): Promise<void> => tracked(connection.flush('records'));
  return {
    get isBehind() {
      return isBehind;
    },
    catchUp,
    async tryToCatchUp() {
      isBehind = await catchUp().then(
        () => false,
        () => true,
      );
    },
    tryToCatchUpLogs: () =>
      tracked(connection.flush('logs')).then(
        () => true,
        () => false,
      ),
  };
}
