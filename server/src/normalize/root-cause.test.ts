import { expect, test } from 'vitest';
import { rootCause } from './root-cause.ts';

test.each([
  ['nothing', '', null],
  ['Java, thrown as it is', 'java.io.IOException: away\n\tat a.B.c(B.java:1)', null],
  [
    'Java, wrapped twice',
    'x.Wrapper: at 12:00\n\tat a.B\nCaused by: y.Listener: failed\n\t... 3 more\nCaused by: java.io.IOException: smtp is down\n\tat z',
    { type: 'java.io.IOException', message: 'smtp is down' },
  ],
  ['Java, without words', 'x.Wrapper: w\nCaused by: a.B$C', { type: 'a.B$C', message: '' }],
  ['Java, suppressed', 'x.W: w\n\tat a\n\tSuppressed: y.Z: closing\n\tCaused by: q.R: no', null],
  [
    '.NET',
    'System.AggregateException: One or more errors (x)\n ---> Shop.NoStock: nothing left\n   at Shop.Ship()\n   --- End of inner exception stack trace ---',
    { type: 'Shop.NoStock', message: 'nothing left' },
  ],
  [
    'Python, raised from',
    'Traceback (most recent call last):\n  File "a"\nOSError: away\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File "b"\nRuntimeError: failed\n',
    { type: 'OSError', message: 'away' },
  ],
  [
    'Python, while handling another',
    'Traceback (most recent call last):\n  File "a"\nKeyError: k\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b"\nRuntimeError: failed\n',
    null,
  ],
])('%s', (_what, stack, cause) => {
  expect(rootCause(stack)).toEqual(cause);
});
