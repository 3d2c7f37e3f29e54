import type { Condition } from './condition.ts';
import type { Space } from './files.ts';

/**
 * Watches the free space of the disk that commits go to. Below the low-water mark the server
 * accepts nothing new, which leaves room for what derives from spans, for merges and for a restart.
 * It accepts again at 1.25 times the mark; without that gap each request that fits would be
 * followed by one that does not.
 */
export interface Disk {
  /** Free space, bytes; null: unknown. */
  readonly free: number | null;
  readonly isLow: boolean;
  /**
   * Reads the free space. Never rejects, and runs once at a time, so a disk that hangs is not asked
   * again.
   */
  look(): Promise<void>;
  conditions(): Condition[];
}

export interface DiskOptions {
  directory: string;
  /**
   * Low-water mark, bytes; 0 for none. The default is capped at a tenth of the disk: a small disk
   * would be too full even when empty.
   */
  minFree: number;
  readSpace: (directory: string) => Promise<Space>;
}

const ENOUGH = 1.25;
/** A mark above this, bytes, is the operator's deliberate choice and is not capped. */
const USUAL_MARK = 256 * 1024 * 1024;
const MAX_OF_DISK = 0.1;
const GIB = 2 ** 30;
const sizeText = (bytes: number): string =>
  bytes < 10 * GIB ? `${Math.round((bytes / GIB) * 1024)} MiB` : `${Math.round(bytes / GIB)} GiB`;

export function createDisk({ directory, minFree, readSpace }: DiskOptions): Disk {
  let mark = minFree;
  let free: number | null = null;
  let isLow = false;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    try {
      const space = await readSpace(directory);
      free = space.free;
      mark = minFree > USUAL_MARK ? minFree : Math.min(minFree, MAX_OF_DISK * space.total);
      isLow = free < (isLow ? ENOUGH * mark : mark);
    } catch {
      // A disk whose free space cannot be read shows its trouble when a commit fails.
      free = null;
    } finally {
      looking = undefined;
    }
  };
  return {
    get free() {
      return free;
    },
    get isLow() {
      return isLow;
    },
    look: () => (looking ??= look()),
    conditions: () =>
      isLow
        ? [
            {
              id: 'disk-low',
              text: `${free === null ? 'Too little space is' : `${sizeText(free)} are`} free on the disk of the data directory; it goes on with ${sizeText(ENOUGH * mark)}`,
              hint: 'Free some space where FERMATA_DATA_DIR is, or set FERMATA_RETENTION shorter; senders keep what is refused, and try again. FERMATA_MIN_FREE is the mark.',
              blocks: true,
            },
          ]
        : [],
  };
}
