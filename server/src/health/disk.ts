import type { Condition } from './condition.ts';

/**
 * Free space of the disk of the data directory. Below the low-water mark nothing new is taken, so that there is room for
 * what derives from spans, for merges and for a restart; it is taken again once there is a quarter more, or each request
 * that fits would be followed by one that does not.
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
  /** Low-water mark, bytes; 0: none. */
  minFree: number;
  readFree: (directory: string) => Promise<number>;
}

const ENOUGH = 1.25;
const MIB = 1024 * 1024;

export function createDisk({ directory, minFree, readFree }: DiskOptions): Disk {
  let free: number | null = null;
  let isLow = false;
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    try {
      free = await readFree(directory);
      isLow = free < (isLow ? ENOUGH * minFree : minFree);
    } catch {
      // What a disk cannot tell shows in what it does not take.
      free = null;
    } finally {
      looking = undefined;
    }
  };
  const mib = (bytes: number): string => `${Math.round(bytes / MIB).toLocaleString('en')} MiB`;
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
              text: `The disk of the data directory has ${free === null ? 'little space' : mib(free)} free: nothing is taken until there are ${mib(ENOUGH * minFree)}`,
              hint: `Free some space where ${directory} is, or set FERMATA_RETENTION shorter; senders keep what is refused and try again. FERMATA_MIN_FREE is the mark.`,
              blocks: true,
            },
          ]
        : [],
  };
}
