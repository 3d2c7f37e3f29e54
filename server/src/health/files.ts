import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Space of a disk, bytes. `free` is the space that a normal user (not root) can still write, and
 * `total` is the size of the disk.
 */
export interface Space {
  free: number;
  total: number;
}

export async function spaceOf(directory: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** Content of the probe, which has the size of a small commit. */
const PROBE = Buffer.alloc(64 * 1024);

/**
 * Writes, syncs and deletes a small file in `directory`. Rejects in the same cases in which writing
 * the journal would fail.
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
