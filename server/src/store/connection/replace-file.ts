import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/**
 * Writes a small file anew: it is on the disk before it has its name, so that it is never empty
 * itself.
 */
export function replaceFile(path: string, content: Buffer): void {
  const file = openSync(`${path}.new`, 'w');
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}
