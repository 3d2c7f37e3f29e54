import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { PACKAGE, root } from '../testing/service.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Files of a package with the name and the exports of a broker client. */
const CLIENT = {
  'package.json': '{ "name": "kafkajs", "version": "2.9.9", "main": "index.js" }',
  'index.js': 'class Kafka { producer() {} consumer() {} }; exports.Kafka = Kafka;',
};
const SAYS = 'console.log(Object.hasOwn(Kafka.prototype, Symbol.for("fermata.traced")));';

/**
 * Makes a monorepo whose service is started from the root. The client is a dependency of another
 * package, so that neither the root nor the service can resolve it.
 */
function monorepo(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-loading-'));
  folders.push(folder);
  const bus = 'services/shop/node_modules/bus';
  const all: Record<string, string> = {
    'package.json': '{}',
    [`${bus}/package.json`]: '{ "name": "bus", "main": "index.js" }',
    [`${bus}/index.js`]: 'module.exports = require("kafkajs");',
    ...files,
  };
  for (const [name, text] of Object.entries(CLIENT))
    all[`${bus}/node_modules/kafkajs/${name}`] = text;
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const TSX = fileURLToPath(import.meta.resolve('tsx/cjs'));
const run = (folder: string, how: '--import' | '--require', file: string) =>
  promisify(execFile)(
    process.execPath,
    [
      ...['--conditions=@fermata/source', '--import', import.meta.resolve('tsx')],
      ...(how === '--require'
        ? ['--require', TSX, '--require', join(root, 'instrumentation/src/register/register.ts')]
        : ['--import', `${PACKAGE}/register`]),
      file,
    ],
    {
      cwd: folder,
      env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', NODE_OPTIONS: '' },
    },
  );

test.each([
  ['--import', 'app.mjs', `import { Kafka } from 'kafkajs'; ${SAYS}`],
  ['--import', 'app.mjs', `import kafkajs from 'kafkajs'; const { Kafka } = kafkajs; ${SAYS}`],
  ['--import', 'app.mjs', `const { Kafka } = await import('kafkajs'); ${SAYS}`],
  ['--import', 'app.cjs', `const { Kafka } = require('kafkajs'); ${SAYS}`],
  ['--require', 'app.cjs', `const { Kafka } = require('kafkajs'); ${SAYS}`],
  ['--require', 'app.cjs', `import('kafkajs').then(({ Kafka }) => { ${SAYS} });`],
] as const)('%s %s: %s', async (how, name, source) => {
  const file = `services/shop/node_modules/bus/${name}`;
  const { stdout, stderr } = await run(monorepo({ [file]: source }), how, file);
  expect(stdout).toBe('true\n');
  // Node's loader thread must start no SDK of its own, which would print this warning.
  expect(stderr).not.toMatch(/already been initialized/);
});

test('a client behind another package is found, and named with its version', async () => {
  const file = 'services/shop/app.cjs';
  const source = `const { Kafka } = require('bus'); ${SAYS} setTimeout(() => undefined, 2500);`;
  const { stdout, stderr } = await run(monorepo({ [file]: source }), '--require', file);
  expect(stdout).toBe('true\n');
  expect(stderr).toContain('fermata: traces kafkajs 2.9.9; sends to http://127.0.0.1:9/v1/traces');
});

test('a client that is loaded later is said later', async () => {
  const file = 'services/shop/app.cjs';
  const source = `setTimeout(() => {
    const { Kafka } = require('bus'); ${SAYS} setTimeout(() => undefined, 2500);
  }, 2000);`;
  const { stderr } = await run(monorepo({ [file]: source }), '--require', file);
  expect(stderr.match(/fermata: traces .*;/g)).toEqual([
    'fermata: traces no client of a broker so far;',
    'fermata: traces kafkajs 2.9.9;',
  ]);
});

test('a module that its own package, of ES modules, imports by a path is found', async () => {
  const nest = 'services/shop/node_modules/@nestjs/microservices';
  const folder = monorepo({
    [`${nest}/package.json`]: '{ "type": "module", "exports": "./index.js" }',
    [`${nest}/index.js`]: `export { RpcProxy } from './context/rpc-proxy.js';
      export class ClientProxy { send() {} emit() {} };
      export class Server { addHandler() {} send() {} };`,
    [`${nest}/context/rpc-proxy.js`]: 'export class RpcProxy { handleError() {} };',
    'services/shop/app.mjs': `import { RpcProxy } from '@nestjs/microservices';
      console.log(Object.hasOwn(RpcProxy.prototype, Symbol.for("fermata.traced")));`,
  });
  const { stdout } = await run(folder, '--import', 'services/shop/app.mjs');
  expect(stdout).toBe('true\n');
});

test('a version that is newer than the tested ones is traced, and said to be untested', async () => {
  const bus = 'services/shop/node_modules/bus';
  const folder = monorepo({
    'services/shop/app.cjs': `const { Kafka } = require('bus'); ${SAYS}
      setTimeout(() => undefined, 2500);`,
  });
  writeFileSync(
    join(folder, bus, 'node_modules/kafkajs/package.json'),
    CLIENT['package.json'].replace('2.9.9', '3.0.0'),
  );
  const { stdout, stderr } = await run(folder, '--require', 'services/shop/app.cjs');
  expect(stdout).toBe('true\n');
  expect(stderr).toContain('fermata: traces kafkajs 3.0.0 (untested: version 2 is tested); ');
});
