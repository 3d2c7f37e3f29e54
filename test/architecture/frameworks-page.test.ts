import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/frameworks.md');
const BLOCK = /<!-- (test\/frameworks\/[\w/.-]+) -->\s+```ts\n([\s\S]*?)^```$/gm;

/**
 * Removes indentation, because the page shows parts of files without the indentation that they have
 * there.
 */
const flat = (code: string): string => code.replace(/^[ \t]+/gm, '').trim();

test('the page of frameworks shows code that the tests run', () => {
  const blocks = [...page.matchAll(BLOCK)];
  expect(blocks.map(([, file]) => file)).toHaveLength([...page.matchAll(/^```ts$/gm)].length);
  expect(blocks.length).toBeGreaterThanOrEqual(9);
  for (const [, file, code] of blocks) expect(flat(read(file!))).toContain(flat(code!));
});

test('every application that the page shows is started by the tests', () => {
  const started = read('test/e2e/frameworks.test.ts');
  const files = new Set([...page.matchAll(BLOCK)].map(([, file]) => file!));
  for (const file of files)
    if (!file.endsWith('transports.ts'))
      expect(started).toContain(`'${file.replace('test/frameworks/', '')}'`);
});
