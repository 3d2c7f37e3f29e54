import { expect, test } from 'vitest';
import { createBatches } from './batches.ts';

test('rows may include a batch only when everything before it is correlated, too', () => {
  const batches = createBatches();
  batches.restore(7, 5);
  expect(batches.lastCorrelated).toBe(5);
  batches.replayed();
  expect(batches.lastCorrelated).toBe(7);
  const [first, second, third] = [batches.next(), batches.next(), batches.next()];
  for (const batch of [first, second, third]) batches.committed(batch);
  batches.correlated(third);
  expect(batches.lastCorrelated).toBe(7);
  batches.correlated(first);
  expect(batches.lastCorrelated).toBe(8);
  batches.correlated(second);
  expect(batches.lastCorrelated).toBe(10);
});
