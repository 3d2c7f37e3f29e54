import { expect, test } from 'vitest';
import { createMemory } from './memory.ts';

test('memory that was given back is leased again, never twice at once', () => {
  const memory = createMemory();
  const a = memory.lease(1000);
  a.bytes.fill(1);
  const first = a.bytes.buffer;
  a.release();
  const b = memory.lease(600);
  expect([b.bytes.buffer, b.bytes.length]).toEqual([first, 600]);
  // Whoever still has what he gave back can neither see nor give back what is another's now.
  a.release();
  expect([a.bytes.length, memory.kept, memory.lease(600).bytes.buffer === first]).toEqual([0, 0, false]);
});

test('what grows keeps its bytes, and leaves its former memory to others', () => {
  const memory = createMemory();
  const lease = memory.lease(0);
  let text = '';
  for (const part of ['a', 'b'.repeat(1500), 'c'.repeat(70_000)]) {
    const from = text.length;
    text += part;
    lease.resize(text.length);
    lease.bytes.write(part, from);
  }
  expect(lease.bytes.toString()).toBe(text);
  expect(memory.kept).toBe(1024 + 2048);
  lease.resize(3);
  expect(lease.bytes.toString()).toBe('abb');
});

test('what is kept is bounded', () => {
  const memory = createMemory(4096);
  const leases = [1024, 1024, 4096, 2 ** 26].map((size) => memory.lease(size));
  for (const lease of leases) lease.release();
  expect(memory.kept).toBe(2048);
});
