import { FermataError, messageOf } from '../base/errors.ts';
import { createForeignRequest, type ForeignSpan } from './foreign.ts';
import type { Item } from './format.ts';

/**
 * Yields what `make` yields for one record of a file. JSON may hold a value of any type at any
 * place. If this makes `make` throw, the record is reported as skipped, and reading continues.
 */
export function* tried(what: string, make: () => Iterable<Item>): Iterable<Item> {
  try {
    yield* make();
  } catch (error) {
    yield wrong(what, error);
  }
}

/** Converts records to one request. A record that cannot be converted is reported as skipped. */
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

/**
 * Returns a note that a record was skipped because of an error. A `FermataError` is thrown on,
 * because it means that the file must not be read at all.
 */
function wrong(what: string, error: unknown): Item {
  if (error instanceof FermataError) throw error;
  const why = `a value in it is of another type: ${messageOf(error).slice(0, 200)}`;
  return { kind: 'skipped', what, why };
}
