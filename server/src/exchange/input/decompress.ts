import { createGunzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { malformed, tooLarge } from './limits.ts';

/**
 * A compressed file may always become this many bytes. A file that becomes larger must not exceed
 * `MAX_RATIO` times its compressed size.
 */
const FREE_BYTES = 32 * 1024 * 1024;
const MAX_RATIO = 200;

/**
 * Yields the bytes of a file. If the file is compressed by gzip, it is decompressed. It is rejected
 * if it becomes more than two hundred times as large, which no telemetry does. Zip archives are
 * rejected, because they hold several files. `onCompressed` is called before the first byte of a
 * compressed file, because numbers of decompressed bytes are no positions in that file.
 */
export async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  onCompressed: () => void,
): AsyncIterable<Uint8Array> {
  const input = chunks[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < 4) {
    const next = await input.next();
    if (next.done) break;
    first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  const rest = { [Symbol.asyncIterator]: () => input };
  const all = async function* (): AsyncIterable<Uint8Array> {
    yield first;
    yield* rest;
  };
  if (first[0] === 0x50 && first[1] === 0x4b)
    throw malformed('the file is a zip archive', 'Unpack it, and import the files in it.');
  if (first[0] === 0x1f && first[1] === 0x8b) {
    onCompressed();
    yield* gunzipped(all());
  } else yield* all();
}

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let taken = 0;
  let made = 0;
  const counted = async function* (): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      taken += chunk.length;
      yield chunk;
    }
  };
  const source = Readable.from(counted());
  const gunzip = createGunzip();
  source.once('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      made += chunk.length;
      if (made > FREE_BYTES && made > taken * MAX_RATIO)
        throw tooLarge(`the file becomes more than ${MAX_RATIO} times as large when decompressed`);
      yield chunk;
    }
  } catch (error) {
    if ((error as { code?: string }).code?.startsWith('Z_'))
      throw malformed('the file begins like gzip and is none, or was cut off');
    throw error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
