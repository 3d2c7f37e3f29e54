import { expect, test } from 'vitest';
import { isolate } from './format.ts';

test('text that turns the writing direction cannot reach beyond itself', () => {
  expect(isolate('charge card (2)')).toBe('charge card (2)');
  expect(isolate('שלום')).toBe('\u2068שלום\u2069');
  expect(isolate('invoice\u202efdp.exe')).toBe('\u2068invoicefdp.exe\u2069');
  expect(isolate('a\u2069\u202eb')).toBe('\u2068ab\u2069');
});
