import type { Condition } from './condition.ts';
import type { Space } from './files.ts';

/**
 * Watches the free space of the disk to which commits go. Below the low-water mark, the server
 * accepts no new spans, which leaves room for data derived from spans, for merges and for a
 * restart. It accepts spans again when the free space reaches 1.25 times the mark. Without that
 * gap, acceptance and refusal would alternate.
 */
export interface Disk {
  /** Free space of the disk, in bytes; null if it could not be read. */
  readonly free: number | null;
  readonly isLow: boolean;
  /**
   * Reads the free space. It never rejects. While a read is running, no second one is started, so
   * that a disk that hangs is asked only once.
   */
  look(): Promise<void>;
  conditions(): Condition[];
}

export interface DiskOptions {
  directory: string;
  /**
   * Low-water mark of the free space, in bytes; 0 for none. The usual mark is lowered to a tenth of
   * the disk, because otherwise a small disk would count as full even when it is empty.
   */
  minFree: number;
  readSpace: (directory: string) => Promise<Space>;
}

const ENOUGH = 1.25;
/**
 * Largest low-water mark, in bytes, that is lowered on a small disk. A larger mark was chosen by
 * the operator on purpose and is used as it is.
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
      // If the free space cannot be read, `isLow` stays as it was. Nothing more is needed, because
      // trouble with the disk shows when a commit fails.
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
