import { excerpt } from '../model/cut-text.ts';
import type { SpanError } from '../model/span.ts';

/**
 * Finds the root cause of a wrapped error. Frameworks wrap the exception of a handler in their own
 * exceptions, so the original exception is found only in the stack trace. All functions are pure.
 */

const PYTHON_CAUSE = '\n\nThe above exception was the direct cause of the following exception:\n\n';
const PYTHON_NEXT = '\n\nDuring handling of the above exception, another exception occurred:\n\n';

/**
 * Functions for several languages. Each returns the line of a stack trace that names the innermost
 * cause; null if the trace is from another language or names no cause.
 */
const CHAINS: readonly ((stack: string) => string | null)[] = [
  // In Java, the innermost cause is the last line that begins with "Caused by". Such lines of
  // suppressed exceptions are indented, so they are not found.
  (stack) => lineAfter(stack, stack.lastIndexOf('\nCaused by: '), '\nCaused by: '),
  // In .NET, the innermost cause follows the last arrow.
  (stack) => lineAfter(stack, stack.lastIndexOf(' ---> '), ' ---> '),
  // In Python, a trace begins with the innermost cause. An exception that was being handled when
  // another was raised is not its cause, so the text before it is ignored.
  (stack) => {
    const ownFrom = stack.lastIndexOf(PYTHON_NEXT);
    const chain = ownFrom < 0 ? stack : stack.slice(ownFrom + PYTHON_NEXT.length);
    const at = chain.indexOf(PYTHON_CAUSE);
    return at < 0 ? null : (chain.slice(0, at).trimEnd().split('\n').at(-1) ?? null);
  },
];
const lineAfter = (stack: string, at: number, mark: string): string | null =>
  at < 0 ? null : (stack.slice(at + mark.length).split('\n', 1)[0] ?? null);

const NAMED = /^([\w.$`+]+)(?:: ?(.*))?$/s;

export function rootCause(stack: string): SpanError | null {
  for (const innermost of CHAINS) {
    const [, type, message = ''] = NAMED.exec(innermost(stack)?.trim() ?? '') ?? [];
    if (type !== undefined) return { type: excerpt(type), message: excerpt(message) };
  }
  return null;
}

/**
 * Returns whether the error means that a message was delivered too early and returned to the broker
 * without being processed.
 */
export const isTooEarly = ({ type }: SpanError): boolean =>
  /(?:^|\.)KafkaBackoffException$/.test(type);
