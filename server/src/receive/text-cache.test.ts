import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { TextCache } from './text-cache.ts';

test('equal texts are one text; the requests that they came from are let go', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const cache = new TextCache();
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 200; i++) {
    const body = Buffer.alloc(1_000_000, `order-${i} `);
    expect(cache.read(body, 0, `order-${i}`.length)).toBe(`order-${i}`);
    expect(cache.read(Buffer.from('same'), 0, 4)).toBe('same');
  }
  collect();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
});

test('long, empty and non-ASCII texts', () => {
  const cache = new TextCache();
  for (const text of ['', 'é漢', 'x'.repeat(40), 'x'.repeat(41)])
    for (let i = 0; i < 2; i++) {
      const body = Buffer.from(`<${text}>`);
      expect(cache.read(body, 1, body.length - 1)).toBe(text);
    }
});
