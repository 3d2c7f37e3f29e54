import { expect, test } from 'vitest';
import { gathered } from './gather.ts';

async function piecesOf(
  chunks: Iterable<Uint8Array>,
): Promise<{ pieces: Buffer[]; problem: unknown }> {
  const all = async function* (): AsyncIterable<Uint8Array> {
    await Promise.resolve();
    yield* chunks;
  };
  const pieces: Buffer[] = [];
  try {
    for await (const piece of gathered(all())) pieces.push(Buffer.from(piece));
    return { pieces, problem: null };
  } catch (problem) {
    return { pieces, problem };
  }
}
const MIN = 16 * 1024;
const text = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));

test.each([1, 7, 1000, MIN - 1, MIN, MIN + 1, 70_000])('%i bytes at a time', async (size) => {
  const chunks = function* (): Iterable<Uint8Array> {
    for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size);
  };
  const { pieces } = await piecesOf(chunks());
  expect(Buffer.concat(pieces).equals(text)).toBe(true);
  // However many chunks there were, there are few pieces, and few that are small.
  expect(pieces.length).toBeLessThanOrEqual(Math.ceil(text.length / MIN));
  expect(pieces.slice(0, -1).every(({ length }) => length >= MIN)).toBe(true);
});

test('an empty file has no pieces, and what came before an error comes before it', async () => {
  expect(await piecesOf([])).toEqual({ pieces: [], problem: null });
  expect(await piecesOf([Buffer.alloc(0)])).toEqual({ pieces: [], problem: null });
  const broken = function* (): Iterable<Uint8Array> {
    yield Buffer.from('{"a":');
    yield Buffer.from('1}');
    throw new Error('gone');
  };
  const { pieces, problem } = await piecesOf(broken());
  expect(pieces.map(String)).toEqual(['{"a":1}']);
  expect(problem).toEqual(new Error('gone'));
});
