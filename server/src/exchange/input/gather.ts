/** Bytes that a piece has at least, but for the last. */
const MIN_BYTES = 16 * 1024;

/**
 * Yields the bytes of a file in pieces that are not small. A sender may send one byte at a time,
 * and what is kept of a piece takes a hundred times as much memory as a byte.
 */
export async function* gathered(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let piece = Buffer.alloc(0);
  let size = 0;
  let problem: { error: unknown } | null = null;
  try {
    for await (const chunk of chunks) {
      if (size === 0 && chunk.length >= MIN_BYTES) {
        yield chunk;
        continue;
      }
      for (let from = 0; from < chunk.length;) {
        if (size === 0) piece = Buffer.allocUnsafeSlow(MIN_BYTES);
        const taken = Math.min(MIN_BYTES - size, chunk.length - from);
        piece.set(chunk.subarray(from, from + taken), size);
        [size, from] = [size + taken, from + taken];
        if (size < MIN_BYTES) break;
        yield piece;
        size = 0;
      }
    }
  } catch (error) {
    // What came before an error is as good as that of a whole file.
    problem = { error };
  }
  if (size > 0) yield piece.subarray(0, size);
  if (problem !== null) throw problem.error;
}
