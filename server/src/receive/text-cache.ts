/**
 * Attribute keys, service names, destinations repeat in every span: reading them from a cache of recent texts costs a
 * third of decoding them. Direct-mapped, fixed size; a miss replaces the slot.
 */
const SLOTS = 4096;
const LONGEST = 40;

export class TextCache {
  private readonly texts: string[] = new Array<string>(SLOTS).fill('');
  private readonly bytes: (Uint8Array | undefined)[] = new Array<Uint8Array | undefined>(SLOTS).fill(
    undefined,
  );

  read(body: Buffer, from: number, to: number): string {
    const size = to - from;
    if (size === 0) return '';
    if (size > LONGEST) return body.toString('utf8', from, to);
    let hash = size;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + body[i]!) | 0;
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    const known = this.bytes[slot];
    if (known !== undefined && known.length === size) {
      let i = 0;
      while (i < size && known[i] === body[from + i]) i++;
      if (i === size) return this.texts[slot]!;
    }
    const text = body.toString('utf8', from, to);
    this.texts[slot] = text;
    this.bytes[slot] = body.subarray(from, to).slice();
    return text;
  }
}
