import type { Connection } from './connection/port.ts';
import type { Tracked } from './table-writer.ts';

/**
 * Makes reads of raw evidence wait until the journal is empty, because committed records are in the
 * journal before they are in the table.
 */
export interface ReadLag {
  /**
   * True if the last `tryToCatchUp` failed, so that the table lacks records that were acknowledged.
   */
  readonly isBehind: boolean;
  /**
   * Waits until all evidence is in the table, which correlation needs. Rejects if the table accepts
   * no rows now.
   */
  catchUp: () => Promise<void>;
  /**
   * Waits until all evidence is in the table, but never rejects. Use this for reads by people, for
   * whom the rows in the table are an answer even if the other rows cannot be inserted now.
   */
  tryToCatchUp: () => Promise<void>;
  /**
   * Waits until all log records are in their table, but never rejects. Resolves to whether they
   * are.
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
