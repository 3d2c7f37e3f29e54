import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  adapterViolations,
  circles,
  filesIn,
  isTestCode,
  serverViolations,
  workspaceViolations,
} from './imports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the server’s folders import what the table allows', () => {
  expect(serverViolations(filesIn(`${root}server/src`))).toEqual([]);
});

test('each workspace sees only what it may', () => {
  expect(workspaceViolations('web', filesIn(`${root}web/src`))).toEqual([]);
  expect(workspaceViolations('instrumentation', filesIn(`${root}instrumentation/src`))).toEqual([]);
  expect(workspaceViolations('test', filesIn(`${root}test`))).toEqual([]);
});

test('adapters see the package through their kit', () => {
  expect(adapterViolations(filesIn(`${root}instrumentation/src`))).toEqual([]);
  const planted = { path: 'adapters/x.ts', text: `import { send } from '../api/messages.ts'` };
  expect(adapterViolations([planted])).toHaveLength(1);
});

test.each(['server/src', 'instrumentation/src', 'web/src', 'test'])(
  'no files of %s import each other',
  (folder) => {
    expect(circles(filesIn(`${root}${folder}`))).toEqual([]);
  },
);

test('a planted circle is found, types included', () => {
  const files = [
    { path: 'a/x.ts', text: `import type { Y } from './y.ts'` },
    { path: 'a/y.ts', text: `export * from '../b/z.ts'` },
    { path: 'b/z.ts', text: `import { x } from '../a/x.ts'` },
    { path: 'b/alone.ts', text: `import { x } from '../a/x.ts'` },
  ];
  expect(circles(files)).toEqual(['a/x.ts ↔ a/y.ts ↔ b/z.ts']);
});

test.each([
  ['receive/x.ts', `import { y } from '../store/index.ts'`, 'receive must not import store'],
  ['query/x.ts', `import { y } from '../store/store.ts'`, 'reaches inside store/'],
  ['correlate/x.ts', `import express from 'express'`, 'express is imported only in'],
  ['model/x.ts', `import { y } from '../receive/index.ts'`, 'model must not import receive'],
  ['contract/x.ts', `import { y } from '../model/span.ts'`, 'contract must not import model'],
])('a planted violation in %s is found', (path, text, message) => {
  expect(serverViolations([{ path, text }]).join()).toContain(message);
});

test('attribute names exist only in semconv, normalize, exchange and the adapters (I5)', () => {
  const named =
    /['"`](?:messaging|fermata\.(?:flow|step|message)|cloudevents|bullmq)\.[a-z_.]+['"`]/;
  const offenders = filesIn(`${root}server/src`)
    .filter(
      (file) =>
        !/^(?:normalize|exchange)\//.test(file.path) &&
        !isTestCode(file.path) &&
        named.test(file.text),
    )
    .map((file) => file.path);
  expect(offenders).toEqual([]);
});
