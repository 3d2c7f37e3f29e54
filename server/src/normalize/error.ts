import type { AttributeValue, OtlpSpan } from '../model/otlp.ts';
import type { SpanError } from '../model/span.ts';
import { nameOf, shortened, textOf, type ReadAttributes } from './attributes.ts';
import { FIELD_INDEX as F } from './names.ts';
import { rootCause } from './root-cause.ts';

/** Characters of an error's message; all of it stands in the span. */
const MAX_MESSAGE_CHARACTERS = 500;

/**
 * What failed, from (in this order) error.type, the newest exception event, the status message; its
 * cause, where told.
 */
export function errorOf(span: OtlpSpan, read: ReadAttributes): SpanError {
  let type = nameOf(read.values[F.errorType]);
  let message = textOf(read.values[F.errorMessage]);
  const thrown = span.events.findLast(({ name }) => name === 'exception');
  if (thrown !== undefined) {
    const told = new Map<unknown, AttributeValue>();
    for (let a = 0; a < thrown.attributes.length; a += 2)
      told.set(thrown.attributes[a], thrown.attributes[a + 1]!);
    const thrownType = nameOf(told.get('exception.type'));
    const cause = rootCause(textOf(told.get('exception.stacktrace')));
    // Whoever says another type says more than what was thrown.
    const isItself = type === '' || type === thrownType;
    type = (isItself && cause?.type) || type || thrownType;
    message = (isItself && cause?.message) || message || textOf(told.get('exception.message'));
  }
  return {
    type: type || 'error',
    message: shortened(message || span.statusMessage, MAX_MESSAGE_CHARACTERS),
  };
}
