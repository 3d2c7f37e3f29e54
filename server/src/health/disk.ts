import type { Condition } from './condition.ts';
import type { Space } from './files.ts';

/**
 * Monitors the free space of the disk to which commits are written. Below the low-water mark, the
 * server accepts no new spans. This leaves space for derived data, for merges and for a restart.
 * Spans are accepted again when the free space reaches 1.25 times the mark, so that the server does
 * not constantly switch between accepting and refusing.
 */
export interface Disk {
  /** Free space of the disk, bytes; null if it could not be read. */
  readonly free: number | null;
  readonly isLow: boolean;
  /**
   * Reads the free space. Never rejects. If a read is in progress, no other is started, so that a
   * hanging disk is read only once.
   */
  look(): Promise<void>;
  conditions(): Condition[];
}

export interface DiskOptions {
  directory: string;
  /**
   * Low-water mark of the free space, bytes; 0 for none. A mark up to `USUAL_MARK` is reduced to a
   * tenth of the disk, because otherwise a small disk would count as full even when empty.
   */
  minFree: number;
  readSpace: (directory: string) => Promise<Space>;
}

const ENOUGH = 1.25;
/**
 * Maximum low-water mark that is reduced on a small disk, bytes. A larger mark must have been
 * chosen by the operator, and is used as it is.
 */
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
      // Keep `isLow` if the free space cannot be read. A broken disk is reported when a commit
      // fails.
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
