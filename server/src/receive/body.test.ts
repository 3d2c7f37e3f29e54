import { PassThrough } from 'node:stream';
import { deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createMemory } from '../base/memory.ts';
import { readBody } from './body.ts';
import { createBudget } from './budget.ts';

/** Returns a stream that simulates a request whose whole body has arrived. */
function sent(bytes: Buffer): PassThrough {
  const request = new PassThrough();
  request.end(bytes);
  return request;
}
const options = (maxBytes = 1000) => ({
  budget: createBudget(manualClock(), maxBytes, 10_000),
  memory: createMemory(),
});
const read = async (bytes: Buffer, encoding?: string, maxBytes?: number): Promise<string> => {
  const body = await readBody(sent(bytes), encoding, undefined, options(maxBytes));
  const text = body.bytes.toString();
  body.release();
  return text;
};
const BODY = Buffer.from('{"resourceSpans":[]}');

test.each([
  ['no encoding', undefined, BODY],
  ['identity', 'identity', BODY],
  ['an empty encoding', '', BODY],
  ['gzip', 'gzip', gzipSync(BODY)],
  ['gzip in capitals and blanks', ' GZIP ', gzipSync(BODY)],
  ['deflate', 'deflate', deflateSync(BODY)],
])('%s is read whole', async (_what, encoding, bytes) => {
  await expect(read(bytes, encoding)).resolves.toBe(BODY.toString());
});

test('an empty body is empty', async () => {
  await expect(read(Buffer.alloc(0))).resolves.toBe('');
});

test('an encoding that nobody knows is named, as far as it is short', async () => {
  const long = 'x'.repeat(5000);
  await expect(read(BODY, long)).rejects.toMatchObject({
    code: 'otlp.unsupported-encoding',
    message: `content-encoding "${'x'.repeat(32)}" is not supported`,
  });
  await expect(read(BODY, 'constructor')).rejects.toMatchObject({
    code: 'otlp.unsupported-encoding',
  });
});

test('a body of just the limit is taken, one byte more is not', async () => {
  await expect(read(Buffer.alloc(1000))).resolves.toHaveLength(1000);
  await expect(read(Buffer.alloc(1001))).rejects.toMatchObject({ code: 'otlp.too-large' });
});

test('the limit counts what comes out of the decompressor', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  expect(bomb.length).toBeLessThan(2000);
  await expect(read(bomb, 'gzip', 2000)).rejects.toMatchObject({ code: 'otlp.too-large' });
});

test('what says that it is too large is not read at all', async () => {
  const request = sent(BODY);
  await expect(readBody(request, undefined, '1001', options())).rejects.toMatchObject({
    code: 'otlp.too-large',
  });
  expect(request.readableLength).toBe(BODY.length);
});

test('a damaged body is malformed, for good', async () => {
  await expect(read(Buffer.from('no gzip'), 'gzip')).rejects.toMatchObject({
    code: 'otlp.malformed',
    retryable: false,
  });
});

test('whoever goes away in the middle of its body is not waited for', async () => {
  const request = new PassThrough();
  request.write(gzipSync(BODY).subarray(0, 10));
  const reading = readBody(request, 'gzip', undefined, options());
  request.destroy();
  await expect(reading).rejects.toMatchObject({ code: 'otlp.malformed' });
});
