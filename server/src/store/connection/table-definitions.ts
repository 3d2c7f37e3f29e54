import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from './replace-file.ts';

/**
 * Keeps copies of the engine's table definitions, from which empty ones are restored. The engine
 * replaces a definition by writing and renaming a new file. On a full disk the new file may be
 * empty, and the engine could then never start again (guarded by table-definitions.test.ts).
 */
export interface TableDefinitions {
  /**
   * Copies the definitions that changed. If a copy cannot be written, the next call tries again.
   */
  keep(): void;
  /**
   * Replaces empty definitions by their copies. Call this before the engine opens. Returns the
   * paths of the replaced definitions, relative to the engine's directory.
   */
  restore(): string[];
}

const EMPTY = Buffer.alloc(0);

export function tableDefinitions(engineDirectory: string, copies: string): TableDefinitions {
  /** Returns the paths of all definitions: `store/<3 digits>/<database>/<table>.sql`. */
  const list = (): string[] => {
    const found: string[] = [];
    const store = join(engineDirectory, 'store');
    for (const prefix of entriesOf(store))
      for (const database of entriesOf(join(store, prefix)))
        for (const file of entriesOf(join(store, prefix, database)))
          if (file.endsWith('.sql')) found.push(join('store', prefix, database, file));
    return found;
  };

  return {
    keep() {
      for (const path of list()) {
        const now = contentOf(join(engineDirectory, path));
        if (now.length > 0 && !now.equals(contentOf(join(copies, path))))
          tryToReplace(join(copies, path), now);
      }
    },
    restore: () =>
      list().filter((path) => {
        const copy = contentOf(join(copies, path));
        if (copy.length === 0 || contentOf(join(engineDirectory, path)).length > 0) return false;
        replaceFile(join(engineDirectory, path), copy);
        return true;
      }),
  };
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return EMPTY;
  }
}

function tryToReplace(path: string, content: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    replaceFile(path, content);
  } catch {
    // The copy could not be written, most likely because the disk is full. The existing copy stays
    // unchanged.
  }
}
