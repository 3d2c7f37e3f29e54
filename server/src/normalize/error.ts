import type { AttributeValue, OtlpSpan } from '../model/otlp.ts';
import type { SpanError } from '../model/span.ts';
import { nameOf, shortened, textOf, type ReadAttributes } from './attributes.ts';
import { FIELD_INDEX as F } from './names.ts';
import { rootCause } from './root-cause.ts';

/** Bounds the characters of an error's message in memory; the stored span has all of it. */
const MAX_MESSAGE_CHARACTERS = 500;

/**
 * Returns what failed, from (in this order) error.type, the newest exception event, and the status
 * message; and its root cause where the stack trace has one.
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
    // An error.type that differs from the exception's type was set on purpose, so it wins over the
    // root cause.
    const isItself = type === '' || type === thrownType;
    type = (isItself && cause?.type) || type || thrownType;
    message = (isItself && cause?.message) || message || textOf(told.get('exception.message'));
  }
  return {
    type: type || 'error',
    message: shortened(message || span.statusMessage, MAX_MESSAGE_CHARACTERS),
  };
}
