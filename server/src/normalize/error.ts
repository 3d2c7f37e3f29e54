import type { AttributeValue, OtlpSpan } from '../model/otlp.ts';
import type { SpanError } from '../model/span.ts';
import { nameOf, shortened, textOf, type ReadAttributes } from './attributes.ts';
import { FIELD_INDEX as F } from './names.ts';
import { rootCause } from './root-cause.ts';
import { topFrames } from './stack-frames.ts';

/** Bounds the characters of an error's message in memory. The stored span has the whole message. */
const MAX_MESSAGE_CHARACTERS = 500;

/**
 * Returns type and message of the error that a failed span reports. They are taken from error.type,
 * from the root cause in the stack trace, from the newest exception event and from the status
 * message.
 */
export function errorOf(span: OtlpSpan, read: ReadAttributes): SpanError {
  let type = nameOf(read.values[F.errorType]);
  let message = textOf(read.values[F.errorMessage]);
  let frames: string[] = [];
  const thrown = span.events.findLast(({ name }) => name === 'exception');
  if (thrown !== undefined) {
    const told = new Map<unknown, AttributeValue>();
    for (let a = 0; a < thrown.attributes.length; a += 2)
      told.set(thrown.attributes[a], thrown.attributes[a + 1]!);
    const thrownType = nameOf(told.get('exception.type'));
    const stack = textOf(told.get('exception.stacktrace'));
    const cause = rootCause(stack);
    frames = topFrames(stack);
    // If error.type differs from the type of the exception, it was set on purpose, so it is used
    // instead of the root cause.
    const isItself = type === '' || type === thrownType;
    type = (isItself && cause?.type) || type || thrownType;
    message = (isItself && cause?.message) || message || textOf(told.get('exception.message'));
  }
  return {
    type: type || 'error',
    message: shortened(message || span.statusMessage, MAX_MESSAGE_CHARACTERS),
    ...(frames.length > 0 && { frames }),
  };
}
