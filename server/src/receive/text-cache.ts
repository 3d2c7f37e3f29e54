/**
 * Number of entries in the cache. The hash of a text selects its entry, which replaces an earlier
 * text. Attribute keys, service names and destinations repeat in every span, and a cache lookup
 * takes a third of the time of decoding a text.
 */
const SLOTS = 4096;
const MAX_BYTES = 40;

export class TextCache {
  private readonly texts: string[] = new Array<string>(SLOTS).fill('');
  /**
   * For each entry, the length of the text and its bytes. The bytes are copied, because a view
   * would keep the whole request in memory.
   */
  private readonly bytes = new Uint8Array(SLOTS * (MAX_BYTES + 1));

  read(body: Buffer, from: number, to: number): string {
    const size = to - from;
    if (size === 0) return '';
    if (size > MAX_BYTES) return body.toString('utf8', from, to);
    let hash = size;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + body[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const { bytes } = this;
    const at = slot * (MAX_BYTES + 1);
    if (bytes[at] === size) {
      let i = 1;
      while (i <= size && bytes[at + i] === body[from + i - 1]) i++;
      if (i > size) return this.texts[slot]!;
    }
    const text = body.toString('utf8', from, to);
    this.texts[slot] = text;
    bytes[at] = size;
    for (let i = 1; i <= size; i++) bytes[at + i] = body[from + i - 1]!;
    return text;
  }
}

/**
 * Makes texts of their own of parts of the text of a request. A part keeps the whole text in
 * memory, so that a span would keep its request for as long as it has its name. Texts that repeat,
 * such as names and keys, are made once.
 */
export class OwnTexts {
  private readonly texts: string[] = new Array<string>(SLOTS).fill('');

  /** Returns a text that is equal and keeps no other in memory. */
  of(part: string): string {
    const size = part.length;
    if (size > MAX_BYTES) return copyOf(part);
    let hash = size;
    for (let i = 0; i < size; i++) hash = (Math.imul(hash, 31) + part.charCodeAt(i)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.texts[slot]!;
    return known === part ? known : (this.texts[slot] = copyOf(part));
  }
}

/**
 * V8 joins texts by copying them as soon as a part of the joined text is wanted. That takes a
 * quarter of the time of the way through a buffer.
 */
const copyOf = (part: string): string => ` ${part}`.slice(1);
