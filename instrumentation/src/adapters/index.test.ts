import { createRequire } from 'node:module';
import { expect, test } from 'vitest';
import { CLIENTS } from './index.ts';

const require = createRequire(import.meta.url);

test.each(Object.entries(CLIENTS))(
  '%s, as it is installed, can be traced, and twice is once',
  (name, trace) => {
    const client = require(name) as never;
    expect(() => {
      trace(client);
      trace(client);
    }).not.toThrow();
  },
);

test('the table is no module of the package’s users', () => {
  expect(() => require.resolve('@fermata/instrumentation/adapters/mqtt')).not.toThrow();
  expect(() => require.resolve('@fermata/instrumentation/adapters/index')).toThrow(
    expect.objectContaining({ code: 'ERR_PACKAGE_PATH_NOT_EXPORTED' }),
  );
});
