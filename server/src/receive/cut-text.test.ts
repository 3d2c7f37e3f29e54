import { expect, test } from 'vitest';
import { LIMITS } from '../model/otlp.ts';
import { encodeJson } from '../testing/otlp-encoder.ts';
import { decodeTracesJson } from './otlp-json.ts';
import { decodeTraces } from './otlp-protobuf.ts';

/** Decodes the value from JSON and from protobuf. Returns both results. */
function received(stringValue: string): { text: string; truncated: number }[] {
  const attributes = [{ key: 'fermata.flow.id', value: { stringValue } }];
  const span = { traceId: 'a1'.repeat(16), spanId: 'b2'.repeat(8), attributes };
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
  return [
    decodeTracesJson(Buffer.from(JSON.stringify(request))),
    decodeTraces(encodeJson(request)),
  ].map(({ spans, truncated }) => ({ text: spans[0]!.attributes[1] as string, truncated }));
}

test('texts that differ only behind the cut differ, and equal ones are equal, in either encoding', () => {
  const same = 'x'.repeat(LIMITS.text);
  const [a, b] = [received(`${same}A`), received(`${same}B`)];
  expect(a[0]).toEqual(a[1]);
  expect(b[0]).toEqual(b[1]);
  expect(a[0]).not.toEqual(b[0]);
  expect(received(`${same}A`)).toEqual(a);
  expect(a[0]).toMatchObject({ truncated: 1 });
  expect(a[0]!.text).toHaveLength(LIMITS.text);
});

test('a text that fits is left alone', () => {
  const fits = 'x'.repeat(LIMITS.text);
  for (const one of received(fits)) expect(one).toEqual({ text: fits, truncated: 0 });
});

test.each(['é', '€', '😀'])('no cut leaves half of a %s', (character) => {
  for (const shift of ['', 'x', 'xx', 'xxx'])
    for (const { text } of received(shift + character.repeat(LIMITS.text + 1))) {
      expect(text.isWellFormed()).toBe(true);
      expect(text.length).toBeLessThanOrEqual(LIMITS.text);
      expect(text).toMatch(/~[0-9a-f]{16}$/);
    }
});
