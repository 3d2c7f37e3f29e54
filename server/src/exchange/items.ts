import { FermataError, messageOf } from '../base/errors.ts';
import { createForeignRequest, type ForeignSpan } from './foreign.ts';
import type { Item } from './format.ts';

/**
 * Yields what is made of one record of a file. JSON may hold a value of any type at any place: what
 * cannot be read for that reason is told as skipped, and the others are taken.
 */
export function* tried(what: string, make: () => Iterable<Item>): Iterable<Item> {
  try {
    yield* make();
  } catch (error) {
    yield wrong(what, error);
  }
}

/** Makes one request of records, each of which is tried by itself. */
export function* itemsOf<T>(
  records: Iterable<T>,
  spanFrom: (record: T) => ForeignSpan,
  end?: number,
): Iterable<Item> {
  const { add, request } = createForeignRequest();
  let number = 0;
  for (const record of records) {
    number++;
    try {
      add(spanFrom(record));
    } catch (error) {
      yield wrong(`span ${number}`, error);
    }
  }
  if (request.spans.length > 0 || request.logs.length > 0)
    yield { kind: 'spans', request, ...(end !== undefined && { end }) };
}

/** An error of our own says that the file is not to be read at all. */
function wrong(what: string, error: unknown): Item {
  if (error instanceof FermataError) throw error;
  const why = `a value in it is of another type: ${messageOf(error).slice(0, 200)}`;
  return { kind: 'skipped', what, why };
}
