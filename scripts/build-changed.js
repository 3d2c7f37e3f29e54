import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Returns when a file, or the most recently changed file of a folder, was modified (ms since 1970).
 */
function newest(folder) {
  if (!existsSync(folder)) return 0;
  if (!statSync(folder).isDirectory()) return statSync(folder).mtimeMs;
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.endsWith('.test.ts'))
      continue;
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

/**
 * Builds the server and the dashboard if their output is missing or older than their sources. For
 * the server this compares with `.tsbuildinfo`, which tsc writes at each build.
 */
export function buildChanged(root) {
  const require = createRequire(join(root, 'package.json'));
  const age = (file) => (existsSync(join(root, file)) ? statSync(join(root, file)).mtimeMs : 0);
  const changed = (sources, output) =>
    Math.max(...sources.map((source) => newest(join(root, source)))) > age(output);
  const run = (what, args, cwd) => {
    process.stdout.write(`fermata: building ${what} …\n`);
    const { status } = spawnSync(process.execPath, args, {
      cwd,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) process.exit(status ?? 1);
  };
  if (
    changed(['instrumentation/src', 'server/src', 'test/scenarios'], 'test/dist/.tsbuildinfo') ||
    !existsSync(join(root, 'server/dist/main.js'))
  )
    run('the server', [require.resolve('typescript/bin/tsc'), '-b'], root);
  if (
    existsSync(join(root, 'web/index.html')) &&
    changed(['web/src', 'web/vite.config.ts', 'server/src/contract'], 'web/dist/index.html')
  )
    run(
      'the dashboard',
      [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
      join(root, 'web'),
    );
}
