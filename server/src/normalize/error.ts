import type { AttributeValue, OtlpSpan } from '../model/otlp.ts';
import type { SpanError } from '../model/span.ts';
import { nameOf, shortened, textOf, type ReadAttributes } from './attributes.ts';
import { FIELD_INDEX as F } from './names.ts';
import { rootCause } from './root-cause.ts';
import { topFrames } from './stack-frames.ts';

/** Maximum length of an error message in memory, characters. The store has the whole message. */
const MAX_MESSAGE_CHARACTERS = 500;

/**
 * Returns the type and message of a failed span's error. They come from `error.type`, the root
 * cause in the stack trace, the newest exception event and the status message. If all of these are
 * silent about the type, it is the status of the answer.
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
    // If `error.type` differs from the exception's type, somebody set it on purpose, so it takes
    // precedence over the root cause.
    const isItself = type === '' || type === thrownType;
    type = (isItself && cause?.type) || type || thrownType;
    message = (isItself && cause?.message) || message || textOf(told.get('exception.message'));
  }
  return {
    type: type || statusOf(read) || 'error',
    message: shortened(message || span.statusMessage, MAX_MESSAGE_CHARACTERS),
    ...(frames.length > 0 && { frames }),
  };
}

/**
 * Status codes of gRPC by their number. The type of an error that has only such a number is the
 * name, as in the conventions of OpenTelemetry.
 */
const GRPC_CODES =
  'OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED'.split(
    ' ',
  );

/**
 * Returns the status with which a request or call was answered; '' if that was no error. The
 * conventions make it the type of an error that has no other, but instrumentations leave that out.
 */
function statusOf({ values }: ReadAttributes): string {
  const called = nameOf(values[F.rpcStatus]);
  const code = /^\d+$/.test(called) ? (GRPC_CODES[Number(called)] ?? called) : called;
  if (code !== '' && code !== 'OK') return code;
  const answered = nameOf(values[F.httpStatus]);
  return Number(answered) >= 400 ? answered : '';
}
