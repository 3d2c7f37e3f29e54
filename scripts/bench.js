// Runs the ingest benchmark or, with `--query`, the benchmark of queries over many flows. All other
// arguments are passed to the benchmark.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const rest = process.argv.slice(2);
const isQuery = rest.includes('--query');
const script = fileURLToPath(
  new URL(`../test/dist/load/${isQuery ? 'lens-bench' : 'bench'}.js`, import.meta.url),
);
const passed = rest.filter((argument) => argument !== '--query');
process.exitCode =
  spawnSync(process.execPath, [script, ...passed], { stdio: 'inherit' }).status ?? 1;
