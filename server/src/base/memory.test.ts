import { expect, test } from 'vitest';
import { createMemory, type Memory } from './memory.ts';

const KB = 1024;

/**
 * Leases and releases `count` buffers, one after the other. Returns how many of them came from the
 * pool.
 */
function reused(memory: Memory, size: number, count: number): number {
  let times = 0;
  for (let i = 0; i < count; i++) {
    const before = memory.kept;
    const lease = memory.lease(size);
    if (memory.kept < before) times++;
    lease.release();
  }
  return times;
}

test('memory that was given back is leased again, never twice at once', () => {
  const memory = createMemory();
  const a = memory.lease(20 * KB);
  const first = a.bytes.buffer;
  a.release();
  const b = memory.lease(30 * KB);
  expect([b.bytes.buffer, b.bytes.length]).toEqual([first, 30 * KB]);
  // Releasing `a` again must have no effect, because its memory is now leased to `b`.
  a.release();
  expect([memory.kept, memory.lease(20 * KB).bytes.buffer === first]).toEqual([0, false]);
  expect(() => a.bytes).toThrow('given back');
  expect(() => a.resize(1)).toThrow('given back');
});

test('what grows keeps its bytes, and leaves its former memory to others', () => {
  const memory = createMemory();
  const lease = memory.lease(0);
  let text = '';
  for (const part of ['a', 'b'.repeat(1500), 'c'.repeat(20 * KB), 'd'.repeat(50 * KB)]) {
    const from = text.length;
    text += part;
    lease.resize(text.length);
    lease.bytes.write(part, from);
  }
  expect(lease.bytes.toString()).toBe(text);
  expect([memory.kept, lease.capacity]).toEqual([32 * KB, 128 * KB]);
  lease.resize(3);
  expect(lease.bytes.toString()).toBe('abb');
});

test('what is small takes no more than it needs', () => {
  const memory = createMemory();
  const lease = memory.lease(133);
  expect(lease.capacity).toBe(133);
  lease.release();
  expect(memory.kept).toBe(0);
});

test('what is kept is bounded, and follows what is in demand', () => {
  const memory = createMemory(256 * KB);
  const burst = Array.from({ length: 100 }, () => memory.lease(20 * KB));
  for (const lease of [...burst, memory.lease(2 ** 26)]) lease.release();
  expect(memory.kept).toBe(256 * KB);
  expect(reused(memory, 100 * KB, 10)).toBe(9);
  expect(memory.kept).toBe(256 * KB);
});
