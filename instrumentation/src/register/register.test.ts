import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { PACKAGE, root } from '../testing/service.ts';

const { dependencies } = JSON.parse(
  readFileSync(join(root, 'instrumentation/package.json'), 'utf8'),
) as { dependencies: Record<string, string> };

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['@opentelemetry/sdk-node', ['@opentelemetry/api']],
  ['@opentelemetry/api', []],
])('without %s the host runs, and one line says what to install', async (missing, installed) => {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-register-'));
  folders.push(folder);
  const here = join(folder, 'node_modules', PACKAGE);
  cpSync(join(root, 'instrumentation/src'), join(here, 'src'), { recursive: true });
  cpSync(join(root, 'instrumentation/package.json'), join(here, 'package.json'));
  // The test installs the package together with its own dependencies.
  for (const name of Object.keys(dependencies)) {
    const link = join(here, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  for (const name of installed)
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), {
      recursive: true,
    });
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [
      ...['--conditions=@fermata/source', '--import', import.meta.resolve('tsx')],
      ...['--import', `${PACKAGE}/register`, '--eval', 'console.log("the host runs")'],
    ],
    { cwd: folder },
  );
  expect(stdout).toBe('the host runs\n');
  expect(stderr).toBe(
    `fermata: ${missing} is not installed; nothing will be traced. → npm install ${missing}\n`,
  );
});

test('what is packed has no tests in it, and each module that is exported', async () => {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', '--workspace', 'instrumentation'],
    { cwd: root },
  );
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = files.map(({ path }) => path);
  expect(packed.filter((path) => /\.test\.|\/testing\//.test(path))).toEqual([]);
  expect(packed).toEqual(
    expect.arrayContaining(['src/index.ts', 'src/register/start.ts', 'src/adapters/amqplib.ts']),
  );
});
