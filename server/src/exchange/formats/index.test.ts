import { expect, test } from 'vitest';
import { EXPORT_FORMATS, IMPORT_FORMATS, ONE_FLOW_FORMATS } from '../../contract/index.ts';
import { FORMATS } from './index.ts';

test('the API names the formats that there are', () => {
  const having = (has: (format: (typeof FORMATS)[keyof typeof FORMATS]) => boolean): string[] =>
    Object.entries(FORMATS)
      .filter(([, format]) => has(format))
      .map(([name]) => name)
      .sort();
  expect(having(({ write }) => write !== undefined)).toEqual([...EXPORT_FORMATS].sort());
  expect(having(({ write, writeOne }) => (write ?? writeOne) !== undefined)).toEqual(
    [...ONE_FLOW_FORMATS].sort(),
  );
  expect(having(({ read }) => read !== undefined)).toEqual([...IMPORT_FORMATS].sort());
});
