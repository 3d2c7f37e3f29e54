import type { Connection } from './connection/port.ts';
import type { Tracked } from './table-writer.ts';

/**
 * Makes reads of raw evidence wait until the journal, which lies between the commit and the table,
 * is empty.
 */
export interface ReadLag {
  /** Is true after a failed `tryToCatchUp`: the table is behind what was acknowledged. */
  readonly isBehind: boolean;
  /**
   * Waits for all evidence, which correlation needs; rejects when the table accepts no rows now.
   */
  catchUp: () => Promise<void>;
  /**
   * Waits for evidence, for reads of people: the rows in the table are an answer even where the
   * rest cannot be inserted now.
   */
  tryToCatchUp: () => Promise<void>;
}

export function createReadLag(connection: Connection, tracked: Tracked): ReadLag {
  let isBehind = false;
  const catchUp = (): Promise<void> => tracked(connection.flush());
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
  };
}
