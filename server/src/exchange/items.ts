import { FermataError, messageOf } from '../base/errors.ts';
import { createForeignRequest, createResources, type ForeignSpan } from './foreign.ts';
import type { Item } from './format.ts';
import { GROUP_WEIGHT, weightOfSpan } from './weight.ts';

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

/** Records that are passed on together: one part of a file may become a million of them. */
const GROUP = 1000;

/**
 * Makes requests of records, each of which is tried by itself. Where reading can go on after all of
 * them is told with the last request.
 */
export function* itemsOf<T>(
  records: Iterable<T>,
  spanFrom: (record: T) => ForeignSpan,
  end?: number,
): Iterable<Item> {
  const resourceOf = createResources();
  let { add, request } = createForeignRequest(resourceOf);
  let number = 0;
  let weight = 0;
  for (const record of records) {
    if (request.spans.length + request.logs.length >= GROUP || weight >= GROUP_WEIGHT) {
      yield { kind: 'spans', request };
      ({ add, request } = createForeignRequest(resourceOf));
      weight = 0;
    }
    number++;
    try {
      const span = spanFrom(record);
      add(span);
      weight += weightOfSpan(span);
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
