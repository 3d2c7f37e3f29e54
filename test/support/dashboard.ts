import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('../../web', import.meta.url));
const config = join(web, 'vite.config.ts');
const vite = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url));
const lock = join(web, 'node_modules/.building');
const WAIT_MS = 200;
const MAX_WAIT_MS = 120_000;

/**
 * Builds the dashboard unless the build is up to date, so that the server can serve it. A lock
 * ensures that only one process builds at a time, because the tests of another one would find an
 * empty folder. Throws Vite's error output if the build fails.
 */
export function buildDashboard(): void {
  takeLock();
  try {
    if (isBuilt()) return;
    const { status, stderr } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
      cwd: web,
    });
    if (status !== 0) throw new Error(stderr.toString());
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/**
 * Takes the lock, and waits for it if necessary. A lock that is older than any build may take was
 * left by a process that died, so it is removed.
 */
function takeLock(): void {
  mkdirSync(join(web, 'node_modules'), { recursive: true });
  for (let waited = 0; ; waited += WAIT_MS)
    try {
      mkdirSync(lock);
      return;
    } catch {
      if (waited > MAX_WAIT_MS) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
}

const isBuilt = (): boolean => {
  const built = join(web, 'dist/index.html');
  const changedMs = Math.max(newest(join(web, 'src')), statSync(config).mtimeMs);
  return existsSync(built) && statSync(built).mtimeMs > changedMs;
};
const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(
      (path) => statSync(join(folder, path)).mtimeMs,
    ),
  );
