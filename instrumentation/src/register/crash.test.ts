import { expect, test } from 'vitest';
import { PACKAGE, receiver, service } from '../testing/service.ts';

/**
 * Returns the source of a service that handles one message and is ended by an error of the handler.
 */
const handler = (work: string): string => `
  import { handleMessage } from '${PACKAGE}';
  const message = { system: 's', destination: 'poison-queue', type: 'Poison', id: 'm-1' };
  setTimeout(() => handleMessage(message, ${work}), 10);
  setTimeout(() => undefined, 60_000);`;

test.each([
  ['throws', '() => { throw new Error("it was poison"); }'],
  ['rejects', 'async () => { await null; throw new Error("it was poison"); }'],
  [
    'has begun when something else throws',
    '() => { setTimeout(() => { throw new Error("it was poison"); }, 10); return new Promise(() => undefined); }',
  ],
])('a handler that %s ends the process as without us, and its failure arrives', async (_, work) => {
  const { endpoint, received } = await receiver();
  const { exited } = service(handler(work), endpoint, 'ignore');
  expect(await exited).toEqual([1, null]);
  expect(received()).toContain('poison-queue');
  expect(received()).toContain('it was poison');
});
