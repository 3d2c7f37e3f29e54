import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds the dashboard, which the server then serves. Throws what Vite says if that fails. */
export function buildDashboard(): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [`${root}node_modules/vite/bin/vite.js`, 'build', '--logLevel', 'error'],
    { cwd: `${root}web` },
  );
  if (status !== 0) throw new Error(stderr.toString());
}
