import type { Condition } from './condition.ts';
import type { Space } from './files.ts';

/**
 * Free space of the disk that commits go to. Below the low-water mark nothing new is taken, so that
 * there is room for what derives from spans, for merges and for a restart; it is taken again once
 * there is a quarter more, or each request that fits would be followed by one that does not.
 */
export interface Disk {
  /** Bytes; null: not known. */
  readonly free: number | null;
  readonly isLow: boolean;
  /** Asks the disk. Never rejects, and asks it once at a time: one that hangs is asked no more. */
  look(): Promise<void>;
  conditions(): Condition[];
}

export interface DiskOptions {
  directory: string;
  /**
   * Low-water mark, bytes; 0: none. The usual one is a tenth of a small disk: an empty one would be
   * too full.
   */
  minFree: number;
  readSpace: (directory: string) => Promise<Space>;
}

const ENOUGH = 1.25;
/** Who asks for more than this means it. */
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
      // What a disk cannot tell shows in what it does not take.
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
