import { StringDecoder } from 'node:string_decoder';

/** Yields the chunks of a file as text. A character may be divided between two chunks. */
export async function* texts(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new StringDecoder('utf8');
  let isFirst = true;
  for await (const chunk of chunks) {
    const text = decoder.write(chunk);
    if (text === '') continue;
    yield isFirst && text.startsWith('\ufeff') ? text.slice(1) : text;
    isFirst = false;
  }
  const rest = decoder.end();
  if (rest !== '') yield rest;
}
