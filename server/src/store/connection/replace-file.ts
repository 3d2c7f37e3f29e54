import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/**
 * Replaces a small file. The new content is written under another name and synced before it gets
 * the file's name, so that the file is never empty.
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
