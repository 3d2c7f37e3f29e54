import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SCOPE } from './scope.ts';

test('the scope is the package, in the version that is published', () => {
  const file = new URL('../../package.json', import.meta.url);
  const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect(SCOPE).toEqual({ name, version });
});
