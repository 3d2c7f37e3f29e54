import { open, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What a user who is not the superuser may write, bytes. */
export async function freeSpaceOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** As much as a small commit takes. */
const PROBE = Buffer.alloc(64 * 1024);

/** Rejects where the journal would not be written either. */
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
