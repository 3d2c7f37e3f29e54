import { expect, test } from 'vitest';
import { createPayloadBuffer } from './payload-buffer.ts';

const texts = (payloads: readonly Buffer[]): string[] => payloads.map((one) => one.toString());

test('payloads stand one after the other, in memory that grows with them', () => {
  const buffer = createPayloadBuffer(Buffer.alloc(4));
  buffer.add([Buffer.from('one'), Buffer.from('-')]);
  buffer.add([Buffer.from('two')]);
  expect([buffer.size, buffer.all().toString(), texts(buffer.each())]).toEqual([
    7,
    'one-two',
    ['one-', 'two'],
  ]);
  expect(buffer.memory.length).toBeGreaterThanOrEqual(7);
});

test('those that are kept move to its beginning, and are what they were', () => {
  const buffer = createPayloadBuffer(Buffer.alloc(64));
  for (const text of ['first', 'second', 'third']) buffer.add([Buffer.from(text)]);
  const { memory } = buffer;
  buffer.keep(buffer.each().slice(1));
  expect(texts(buffer.each())).toEqual(['second', 'third']);
  buffer.add([Buffer.from('fourth')]);
  expect(texts(buffer.each())).toEqual(['second', 'third', 'fourth']);
  buffer.keep([]);
  expect([buffer.size, buffer.memory === memory]).toEqual([0, true]);
});
