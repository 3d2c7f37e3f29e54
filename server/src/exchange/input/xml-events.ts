import { SaxesParser } from 'saxes';
import { excerpt } from '../../model/cut-text.ts';
import { FILE_LIMITS, malformed, tooLarge } from './limits.ts';
import { texts } from './texts.ts';

/**
 * Begin or end of an element of an XML file. Prefixes of names are removed, because each supported
 * format has only one namespace.
 */
export type XmlPart =
  | { kind: 'open'; name: string; attributes: Readonly<Record<string, string>> }
  | { kind: 'close'; name: string; text: string };

/**
 * Yields the begin and end of each element of an XML file. A document type is rejected, because its
 * entities can grow without bound and can name files. The five entities of XML itself are
 * supported.
 */
export async function* xmlParts(chunks: AsyncIterable<Uint8Array>): AsyncIterable<XmlPart> {
  const parts: XmlPart[] = [];
  let read = 0;
  let lastPartAt = 0;
  let depth = 0;
  let text = '';
  const parser = new SaxesParser({ xmlns: false, position: true });
  parser.on('doctype', () => {
    throw malformed('the file has a document type', 'Remove it: entities are not read.');
  });
  parser.on('error', (error) => {
    throw malformed(`not XML: ${error.message.slice(0, 200)}`);
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (++depth > FILE_LIMITS.depth)
      throw tooLarge(`the file nests deeper than ${FILE_LIMITS.depth} levels`);
    text = '';
    parts.push({
      kind: 'open',
      name: localName(name),
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]) => [excerpt(key), excerpt(value)]),
      ),
    });
  });
  parser.on('text', (more) => {
    text += more;
    if (text.length > FILE_LIMITS.text) throw tooLarge(`a text is longer than ${FILE_LIMITS.text}`);
  });
  parser.on('closetag', ({ name }) => {
    depth--;
    parts.push({ kind: 'close', name: localName(name), text });
    text = '';
  });
  for await (const chunk of texts(chunks)) {
    // A chunk is parsed in pieces, so that the parts of each piece are yielded before the next one
    // is parsed.
    for (let from = 0; from < chunk.length; from += PIECE) {
      const piece = chunk.slice(from, from + PIECE);
      read += piece.length;
      parser.write(piece);
      if (parts.length > 0) lastPartAt = read;
      else if (read - lastPartAt > 2 * FILE_LIMITS.text)
        throw tooLarge('an element is too long; a quotation mark may be missing');
      yield* parts.splice(0);
    }
  }
  parser.close();
  yield* parts.splice(0);
}
const PIECE = 16 * 1024;
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);
