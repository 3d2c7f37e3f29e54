// Writes the tarballs of the two npm packages, `@fermata/instrumentation` and `fermata` (the server
// with the dashboard and the demo): `npm run pack:all [-- FOLDER]`.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { buildChanged } from './build-changed.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = resolve(process.argv[2] ?? join(root, 'packed'));
const manifestOf = (path) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
/**
 * Entry points: files that are started by path, by `scripts/launch.js` or by the scenarios. The
 * package contains these files and all that they import.
 */
const PROGRAMS = [
  'scripts/fermata.js',
  'server/dist/main.js',
  'test/dist/scenarios/demo.js',
  'test/dist/scenarios/service.js',
];
/** Packages that the demo's services need in addition to the server's dependencies. */
const DEMO = ['@opentelemetry/api', '@opentelemetry/sdk-node'];

/**
 * Adds a file and everything it imports: files to `files`, as paths relative to the root, and npm
 * packages to `packages`.
 */
function follow(file, files, packages) {
  if (files.has(file)) return;
  files.add(file);
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'));
  for (const { fileName: from } of importedFiles)
    if (from.startsWith('.'))
      follow(relative(root, resolve(root, dirname(file), from)), files, packages);
    else if (!from.startsWith('node:')) packages.add(/^(?:@[^/]+\/)?[^/]+/.exec(from)[0]);
}

function manifest(packages) {
  const { name, version, description, license, type, engines, repository } = manifestOf('.');
  const server = manifestOf('server');
  const demo = manifestOf('test').dependencies;
  const dependencies = {
    ...server.dependencies,
    ...Object.fromEntries(DEMO.map((needed) => [needed, demo[needed]])),
  };
  const missing = [...packages].filter((needed) => dependencies[needed] === undefined);
  if (missing.length > 0) throw new Error(`no dependency of the server: ${missing.join(', ')}`);
  return {
    ...{ name, version, description, license, type, engines, repository },
    keywords: ['opentelemetry', 'tracing', 'saga', 'events', 'messaging', 'dashboard'],
    bin: { fermata: 'scripts/fermata.js' },
    dependencies,
    optionalDependencies: server.optionalDependencies,
  };
}

/**
 * Copies the files of the package `fermata` into a folder, with the same paths as in the
 * repository.
 */
function stage(folder) {
  const files = new Set();
  const packages = new Set();
  for (const program of PROGRAMS) follow(program, files, packages);
  for (const file of [
    ...files,
    'LICENSE',
    'web/dist',
    'server/src/store/schema',
    'server/src/query/schemas',
  ])
    cpSync(join(root, file), join(folder, file), {
      recursive: true,
      filter: (path) => !/\.(ts|map)$/.test(path),
    });
  cpSync(join(root, 'server/README.md'), join(folder, 'README.md'));
  const write = (path, content) =>
    writeFileSync(join(folder, path), `${JSON.stringify(content, null, 2)}\n`);
  write('package.json', manifest(packages));
  // The demo starts its services in `test/` only if that folder has a package.json.
  write('test/package.json', { private: true, type: 'module' });
}

function pack(folder) {
  const out = execFileSync('npm', ['pack', '--json', '--pack-destination', target, folder], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [{ filename, size }] = JSON.parse(out.slice(out.indexOf('[\n')));
  process.stdout.write(`${join(target, filename)}  ${Math.round(size / 1024)} KiB\n`);
}

buildChanged(root);
if (!existsSync(join(root, 'web/dist/index.html'))) throw new Error('the dashboard is not built');
mkdirSync(target, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'fermata-pack-'));
try {
  stage(folder);
  pack('./instrumentation');
  pack(folder);
} finally {
  rmSync(folder, { recursive: true });
}
