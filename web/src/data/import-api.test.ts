import { expect, test } from 'vitest';
import { lastLine } from './import-api.ts';

test('the report of an import is the last line of its answer', () => {
  expect(lastLine('{"bytes":1}\n{"bytes":2,"done":true}\n')).toEqual({ bytes: 2, done: true });
  expect(lastLine('{"code":"import.busy"}')).toEqual({ code: 'import.busy' });
  expect(lastLine('')).toBeNull();
  expect(lastLine('{"bytes":1}\n{"by')).toBeNull();
});
