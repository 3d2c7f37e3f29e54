import { expect, test } from 'vitest';
import { topFrames } from './stack-frames.ts';

test.each([
  [
    'JavaScript',
    'Error: x\n    at charge (/app/a.js:3:5)\n    at async Bank.pay (file:///b.js:1:1)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)\n    at file:///app/c.js:1:2\n    at last (/d.js:1:1)',
    ['charge', 'Bank.pay', 'c.js'],
  ],
  [
    'Java, from the innermost cause',
    'java.lang.RuntimeException: a\n\tat com.shop.Main.run(Main.java:1)\nCaused by: com.shop.Refused: b\n\tat com.shop.Card.charge(Card.java:12)\n\tat com.shop.Bank.pay(Bank.java:9)\n\t... 3 more',
    ['com.shop.Card.charge', 'com.shop.Bank.pay'],
  ],
  [
    'Python, whose innermost frame is the last',
    'Traceback (most recent call last):\n  File "/app/a.py", line 3, in outer\n    x()\n  File "/app/b.py", line 1, in inner\nValueError: y',
    ['inner (b.py)', 'outer (a.py)'],
  ],
  [
    'Go',
    'goroutine 1 [running]:\nmain.charge(0x1)\n\t/app/a.go:12 +0x1\nmain.main()\n\t/x.go:1',
    ['main.charge', 'main.main'],
  ],
  [
    '.NET',
    'System.X: b\n   at Shop.Card.Charge(Int32 n) in C:\\a.cs:line 3\n   at Shop.Main()',
    ['Shop.Card.Charge', 'Shop.Main'],
  ],
  ['something else', 'it just broke', []],
])('%s', (_language, stack, frames) => expect(topFrames(stack)).toEqual(frames));
