import type { Connection } from './connection/port.ts';
import type { Tracked } from './table-writer.ts';

/**
 * Between the commit and the table there is a journal: reads of raw evidence wait until it is
 * empty.
 */
export interface ReadLag {
  /** The last `tryToCatchUp` failed: the table is behind what was acknowledged. */
  readonly isBehind: boolean;
  /** For correlation, which needs all of it: rejects when the table takes no rows now. */
  catchUp: () => Promise<void>;
  /** For people: what is in the table is an answer where the rest cannot be put there now. */
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
