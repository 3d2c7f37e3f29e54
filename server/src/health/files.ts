import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Space of a disk in bytes: `free` is what a user other than the superuser may still write, `total`
 * is the size of the disk.
 */
export interface Space {
  free: number;
  total: number;
}

export async function spaceOf(directory: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** What the probe writes: as many bytes as a small commit. */
const PROBE = Buffer.alloc(64 * 1024);

/**
 * Writes, syncs and deletes a small file in `directory`. Rejects in the cases in which writing the
 * journal would fail as well.
 */
export async function writeProbe(directory: string): Promise<void> {
  const path = join(directory, 'fermata.probe');
  const file = await open(path, 'w');
  try {
    const { bytesWritten } = await file.write(PROBE);
    if (bytesWritten !== PROBE.length) throw new Error('the disk is full');
    await file.datasync();
  } finally {
    await file.close();
    await unlink(path).catch(() => undefined);
  }
}
