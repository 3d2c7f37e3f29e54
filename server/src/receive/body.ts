import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { FermataError } from '../base/errors.ts';
import type { Lease, Memory } from '../base/memory.ts';

/** Memory that all requests together may hold while they are read. One hostile sender cannot take it all. */
export interface BodyBudget {
  /** Bytes after decompression that one request may have. */
  maxBytes: number;
  /** Bytes that all requests in flight take: up to twice what they are. */
  maxTotal: number;
  inFlight: number;
}

type Decoder = () => NodeJS.ReadWriteStream;

/** zstd exists from Node 22.15 on; elsewhere it is refused like any unknown encoding. */
const zstd = (zlib as { createZstdDecompress?: Decoder }).createZstdDecompress;
const DECODERS = new Map<string, Decoder>([
  ['gzip', () => zlib.createGunzip()],
  ['deflate', () => zlib.createInflate()],
  ...(zstd ? [['zstd', zstd] as const] : []),
]);

/**
 * The whole body, decompressed. The limit counts what comes out of the decompressor, chunk by chunk, so a bomb costs
 * one limit and no more. Whoever has read it releases it. Throws `otlp.too-large`, `otlp.unsupported-encoding`,
 * `otlp.malformed`, `intake.full`.
 */
export async function readBody(request: IncomingMessage, budget: BodyBudget, memory: Memory): Promise<Lease> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
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
  if (Number(request.headers['content-length'] ?? 0) > budget.maxBytes) throw tooLarge();

  const body = memory.lease(0);
  /** Of the budget. */
  let held = 0;
  const source: Readable = decoder ? (request.pipe(decoder()) as unknown as Readable) : request;
  const onAborted = (): void => void source.destroy(new Error('the sender went away'));
  if (decoder) request.once('error', onAborted).once('aborted', onAborted);
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const from = body.bytes.length;
      if (from + chunk.length > budget.maxBytes) throw tooLarge();
      body.resize(from + chunk.length);
      chunk.copy(body.bytes, from);
      budget.inFlight += body.capacity - held;
      held = body.capacity;
      if (budget.inFlight > budget.maxTotal)
        throw new FermataError('intake.full', 'too many bytes in flight', { retryable: true });
    }
  } catch (error) {
    body.release();
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
    budget.inFlight -= held;
  }
  return body;
}
