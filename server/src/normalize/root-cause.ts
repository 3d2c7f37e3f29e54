import type { SpanError } from '../model/span.ts';

/**
 * Frameworks wrap what a handler threw, in words of their own: what went wrong stands at the end of
 * the chain, which only the text of the stack keeps. Pure.
 */

const PYTHON_CAUSE = '\n\nThe above exception was the direct cause of the following exception:\n\n';
const PYTHON_NEXT = '\n\nDuring handling of the above exception, another exception occurred:\n\n';

/** Line that names the innermost cause; null where the stack names none. */
const CHAINS: readonly ((stack: string) => string | null)[] = [
  // Java. What was suppressed is indented.
  (stack) => lineAfter(stack, stack.lastIndexOf('\nCaused by: '), '\nCaused by: '),
  // .NET.
  (stack) => lineAfter(stack, stack.lastIndexOf(' ---> '), ' ---> '),
  // Python begins with the cause; what was thrown while handling another one is no consequence of
  // it.
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

/** It was delivered before its time, and put back: nobody tried to process it. */
export const isTooEarly = ({ type }: SpanError): boolean =>
  /(?:^|\.)KafkaBackoffException$/.test(type);
