import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { FermataError } from '../base/errors.ts';
import type { Lease, Memory } from '../base/memory.ts';
import type { Budget } from './budget.ts';

type Decoder = () => NodeJS.ReadWriteStream;

/** zstd exists from Node 22.15 on; older versions refuse it like any unknown encoding. */
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
 * Reads the whole body, decompressed. The limit counts the decompressor's output chunk by chunk, so
 * a decompression bomb costs one limit and no more. The caller releases the lease. Throws
 * `otlp.too-large`, `otlp.unsupported-encoding`, `otlp.malformed` or `intake.full`; the rest of the
 * body then stays unread.
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
        // Without this, the decompressor would wait for more input for ever.
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
