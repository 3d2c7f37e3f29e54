import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Space of a disk, bytes: what a user other than the superuser may write, and the total. */
export interface Space {
  free: number;
  total: number;
}

export async function spaceOf(directory: string): Promise<Space> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { free: bavail * bsize, total: blocks * bsize };
}

/** The size of a small commit. */
const PROBE = Buffer.alloc(64 * 1024);

/** Rejects where the journal could not be written either. */
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
