import { FILE_LIMITS, malformed, tooLarge } from './limits.ts';

/** A value in a JSON file, with its path and the position of its end in the file. */
export interface JsonItem {
  path: string;
  json: Buffer;
  /** Number of bytes of the file up to the end of the item. */
  end: number;
  /** True if the item is a whole document, so that reading can be resumed after it. */
  isWhole: boolean;
}

/**
 * Returns the position in the file at which reading can be resumed after the item; undefined if it
 * cannot.
 */
export const wholeEnd = ({ end, isWhole }: JsonItem): number | undefined =>
  isWhole ? end : undefined;

/**
 * Yields the values of a JSON file at the given paths one by one, so that the file is never in
 * memory as a whole. A path is '' for the document itself, `[]` for the elements of a list,
 * `.data[]` for those of a list in a field. A file may hold several documents, such as one per
 * line. The text is only split here; `JSON.parse` decides whether each value is valid.
 */
export async function* jsonItems(
  chunks: AsyncIterable<Uint8Array>,
  paths: readonly string[],
): AsyncIterable<JsonItem> {
  const split = createSplitter(new Set(paths));
  for await (const chunk of chunks) {
    yield* split.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  split.end();
}

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [
  ...[34, 92, 44, 123, 125, 91, 93],
] as [number, number, number, number, number, number, number];

interface Splitter {
  push(chunk: Buffer): Iterable<JsonItem>;
  end(): void;
}

function createSplitter(paths: ReadonlySet<string>): Splitter {
  /** Objects and lists that have begun and not ended, outermost first. */
  const open: { path: string; isList: boolean; key: string }[] = [];
  const item = createItem();
  let offset = 0;
  /** Depth at which the current item began; 0 if there is no current item. */
  let itemDepth = 0;
  const string = createString();

  const pathOf = (): string => {
    const parent = open.at(-1);
    if (parent === undefined) return '';
    return parent.isList ? `${parent.path}[]` : `${parent.path}.${parent.key}`;
  };
  const begin = (isList: boolean, chunk: Buffer, at: number): void => {
    const path = itemDepth > 0 ? '' : pathOf();
    if (open.length >= FILE_LIMITS.depth)
      throw tooLarge(`the file nests deeper than ${FILE_LIMITS.depth} levels`);
    open.push({ path, isList, key: '' });
    if (itemDepth > 0 || isList || !paths.has(path)) return;
    itemDepth = open.length;
    item.begin(chunk, at);
  };
  const finish = (isList: boolean, at: number): JsonItem | null => {
    const last = open.pop();
    if (last?.isList !== isList)
      throw malformed(`not JSON: a bracket too many at byte ${offset + at}`);
    if (itemDepth === 0 || open.length >= itemDepth) return null;
    itemDepth = 0;
    const isWhole = open.length === 0;
    return { path: last.path, json: item.end(at + 1), end: offset + at + 1, isWhole };
  };

  return {
    *push(chunk) {
      item.continue(chunk);
      for (let at = 0; at < chunk.length; at++) {
        if (string.isOpen) {
          at = string.skip(chunk, at);
          continue;
        }
        const code = chunk[at]!;
        if (code === QUOTE) string.begin(itemDepth === 0 && open.at(-1)?.isList === false);
        else if (code === 58 && itemDepth === 0) {
          const parent = open.at(-1);
          if (parent) parent.key = string.text();
        } else if (code === COMMA) item.count();
        else if (code === OPEN || code === OPEN_LIST) {
          if (itemDepth > 0) item.count();
          begin(code === OPEN_LIST, chunk, at);
        } else if (code === CLOSE || code === CLOSE_LIST) {
          const found = finish(code === CLOSE_LIST, at);
          if (found) yield found;
        } else if (
          open.length === 0 &&
          code > 32 &&
          code !== 0xef &&
          code !== 0xbb &&
          code !== 0xbf
        )
          throw malformed(`not JSON: neither an object nor a list at byte ${offset + at}`);
      }
      item.keep(chunk);
      offset += chunk.length;
    },
    end() {
      if (open.length > 0 || string.isOpen)
        throw malformed('the file ends within a value; it may have been cut off');
    },
  };
}

/**
 * Finds the end of a JSON string that may continue in the next chunk. Keeps the string if it may be
 * a key.
 */
function createString() {
  const MAX_KEY = 256;
  let isKept = false;
  let kept: number[] = [];
  let isEscaped = false;
  const state = {
    isOpen: false,
    begin(keeps: boolean): void {
      state.isOpen = true;
      isKept = keeps;
      kept = [];
    },
    /**
     * Returns the index of the string's closing quote, or the length of the chunk if the string
     * continues in the next one.
     */
    skip(chunk: Buffer, from: number): number {
      for (let at = from; at < chunk.length; at++) {
        const code = chunk[at]!;
        if (isEscaped) isEscaped = false;
        else if (code === BACKSLASH) isEscaped = true;
        else if (code === QUOTE) {
          state.isOpen = false;
          return at;
        }
        if (isKept && kept.length < MAX_KEY) kept.push(code);
      }
      return chunk.length;
    },
    text: (): string => Buffer.from(kept).toString(),
  };
  return state;
}

/** Collects the bytes of one item, which may continue in the next chunk. */
function createItem() {
  let parts: Buffer[] = [];
  let size = 0;
  let values = 0;
  let from = -1;
  let current: Buffer = Buffer.alloc(0);
  return {
    begin(chunk: Buffer, at: number): void {
      [parts, size, values, from, current] = [[], 0, 0, at, chunk];
    },
    continue(chunk: Buffer): void {
      current = chunk;
    },
    count(): void {
      if (++values > FILE_LIMITS.values)
        throw tooLarge(`one record has more than ${FILE_LIMITS.values} values`);
    },
    /** Keeps the bytes of the item in this chunk, because the item continues in the next one. */
    keep(chunk: Buffer): void {
      if (from < 0) return;
      size += chunk.length - from;
      if (size > FILE_LIMITS.item)
        throw tooLarge(
          `one record is larger than ${FILE_LIMITS.item / 1024 / 1024} MiB`,
          'Split the file, or export fewer spans of one trace.',
        );
      parts.push(chunk.subarray(from));
      from = 0;
    },
    end(to: number): Buffer {
      const last = current.subarray(from, to);
      from = -1;
      return parts.length === 0 ? last : Buffer.concat([...parts, last]);
    },
  };
}

/**
 * Parses an item. Integers that a JavaScript number cannot hold, such as times in nanoseconds,
 * become strings of their digits.
 */
export function parseItem<T>(item: Pick<JsonItem, 'json'>): T {
  const text = item.json.toString('utf8');
  const exact = /\d{16}/.test(text)
    ? text.replace(TEXTS_AND_NUMBERS, (part) => (LONG_INTEGER.test(part) ? `"${part}"` : part))
    : text;
  try {
    return JSON.parse(exact) as T;
  } catch (error) {
    throw malformed(`not JSON: ${(error as Error).message.slice(0, 200)}`);
  }
}
/**
 * Matches whole numbers and whole strings, so that no part of a string or of a decimal number is
 * taken for an integer.
 */
const TEXTS_AND_NUMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
const LONG_INTEGER = /^-?\d{16,}$/;
