import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { FermataError } from '../base/errors.ts';
import type { Lease, Memory } from '../base/memory.ts';
import type { Budget } from './budget.ts';

type Decoder = () => NodeJS.ReadWriteStream;

/**
 * Creates a zstd decoder. Node supports zstd from version 22.15 on. With an older version, a zstd
 * request is refused like any unknown encoding.
 */
const zstd = (zlib as { createZstdDecompress?: Decoder }).createZstdDecompress;
const DECODERS = new Map<string, Decoder>([
  ['gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ...(zstd ? [['zstd', zstd] as const] : []),
]);

export interface BodyOptions {
  budget: Budget;
  memory: Memory;
}

/**
 * Reads and decompresses the body of a request. The size limit is checked at each decompressed
 * chunk, so that a decompression bomb needs no more memory than the limit. The caller must release
 * the returned lease.
 *
 * Throws `otlp.too-large`, `otlp.unsupported-encoding`, `otlp.malformed` or `intake.full`, and then
 * does not read the rest of the body.
 */
export async function readBody(
  request: Readable,
  contentEncoding: string | undefined,
  contentLength: string | undefined,
  { budget, memory }: BodyOptions,
): Promise<Lease> {
  const encoding = (contentEncoding ?? 'identity').trim().toLowerCase();
  const decoder = encoding === 'identity' || encoding === '' ? undefined : DECODERS.get(encoding);
  if (decoder === undefined && encoding !== 'identity' && encoding !== '')
    throw new FermataError(
      'otlp.unsupported-encoding',
      `content-encoding "${encoding.slice(0, 32)}" is not supported`,
    );
  const tooLarge = (): FermataError =>
    new FermataError('otlp.too-large', `more than ${budget.maxBytes} bytes after decompression`, {
      hint: 'Send smaller batches.',
    });
  if (Number(contentLength ?? 0) > budget.maxBytes) throw tooLarge();

  const body = memory.lease(0);
  const source: Readable = decoder ? (request.pipe(decoder()) as unknown as Readable) : request;
  let stop = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const reservation = budget.enter(reject);
      const onData = (chunk: Buffer): void => {
        const from = body.bytes.length;
        if (from + chunk.length > budget.maxBytes) {
          reject(tooLarge());
          return;
        }
        body.resize(from + chunk.length);
        chunk.copy(body.bytes, from);
        reservation.reserve(body.capacity);
      };
      stop = () => {
        reservation.release();
        source.off('data', onData);
      };
      source.on('data', onData).once('end', resolve).once('error', reject);
      request.once('error', reject).once('close', () => {
        // Reject if the sender is gone, because the decompressor would wait for data forever.
        if (!request.readableEnded) reject(new Error('the sender went away'));
      });
    });
  } catch (error) {
    body.release();
    request.pause();
    if (decoder) {
      request.unpipe();
      source.destroy();
    }
    if (error instanceof FermataError) throw error;
    throw new FermataError(
      'otlp.malformed',
      `the body could not be decompressed: ${String((error as Error).message)}`,
    );
  } finally {
    stop();
  }
  return body;
}
