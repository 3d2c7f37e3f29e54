import { expect, test } from 'vitest';
import { bytesInUse } from '../testing/heap.ts';
import { rootCause } from './root-cause.ts';
import { topFrames } from './stack-frames.ts';

test('what is kept of a stack trace does not keep the trace', () => {
  const stack = (i: number): string =>
    `org.shop.Outer: ${i}\n\tat org.shop.Main.run(Main.java:1)\n${'\tat a.B(B.java)\n'.repeat(1000)}` +
    `Caused by: org.shop.NoStockException: nothing left of ${i}\n` +
    `\tat org.shop.warehouse.Stock.reserve${i}(Stock.java:12)\n`;
  const before = bytesInUse();
  const kept = Array.from({ length: 500 }, (_, i) => {
    // A decoder gives a text that is no part of another one.
    const text = Buffer.from(stack(i)).toString();
    return { cause: rootCause(text), frames: topFrames(text) };
  });
  expect(bytesInUse() - before).toBeLessThan(2_000_000);
  expect(kept[7]).toEqual({
    cause: { type: 'org.shop.NoStockException', message: 'nothing left of 7' },
    frames: ['org.shop.warehouse.Stock.reserve7'],
  });
});
