import type { SpanError } from '../model/span.ts';

/**
 * Finds the root cause of a wrapped error. Frameworks wrap a handler's exception in words of their
 * own, and only the text of the stack keeps the end of the chain. Pure.
 */

const PYTHON_CAUSE = '\n\nThe above exception was the direct cause of the following exception:\n\n';
const PYTHON_NEXT = '\n\nDuring handling of the above exception, another exception occurred:\n\n';

/** Each returns the line that names the innermost cause; null where the stack names none. */
const CHAINS: readonly ((stack: string) => string | null)[] = [
  // Java names it last at the start of a line; suppressed exceptions are indented.
  (stack) => lineAfter(stack, stack.lastIndexOf('\nCaused by: '), '\nCaused by: '),
  // .NET names it after the last arrow.
  (stack) => lineAfter(stack, stack.lastIndexOf(' ---> '), ' ---> '),
  // Python begins with the cause. An exception raised while another was handled is no consequence
  // of that one.
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
    if (type !== undefined) return { type, message };
  }
  return null;
}

/**
 * Is true for a message that was delivered before its time and returned to the broker; it was not
 * processed.
 */
export const isTooEarly = ({ type }: SpanError): boolean =>
  /(?:^|\.)KafkaBackoffException$/.test(type);
