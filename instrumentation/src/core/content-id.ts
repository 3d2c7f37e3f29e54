/**
 * Returns a message id computed from the content, for protocols that carry only the content: sender
 * and receiver compute the same id. If several sends have the same id, the server joins a receiver
 * to the latest of the sends within some seconds before. Only the length and the first 64 KiB
 * count. The algorithm is cyrb53 (public domain) with both of its halves kept, 64 bits. It is no
 * protection against attackers.
 */
export function contentId(destination: string, content: string | Uint8Array): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  const add = (unit: number): void => {
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  };
  for (let i = 0; i < destination.length; i++) add(destination.charCodeAt(i));
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  add(bytes.length);
  for (const byte of bytes.subarray(0, MAX_BYTES)) add(byte);
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return `content-${hex(a)}${hex(b)}`;
}

const MAX_BYTES = 65_536;
const hex = (half: number): string => (half >>> 0).toString(16).padStart(8, '0');
