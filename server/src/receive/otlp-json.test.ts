import { expect, test } from 'vitest';
import { WholeDouble, type OtlpExport } from '../model/otlp.ts';
import { decodeTracesJson } from './otlp-json.ts';

/**
 * A value of the wrong type must cause the permanent error `otlp.malformed`. After a retryable
 * error the sender would send the same request forever.
 */
const decode = (over: string): OtlpExport =>
  decodeTracesJson(
    Buffer.from(
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${'a1'.repeat(16)}","spanId":"${'b2'.repeat(8)}",${over}}]}]}]}`,
    ),
  );
const attribute = (value: string): string => `"attributes":[{"key":"a","value":${value}}]`;

test.each([
  ...[
    '{}',
    '[]',
    '[1]',
    'true',
    '""',
    '"1e2"',
    '1.5',
    '4294967296',
    '99999999999999999999',
  ].flatMap((wrong) => [`"kind":${wrong}`, `"flags":${wrong}`, `"status":{"code":${wrong}}`]),
  ...['{}', '[1]', 'true', '"zzz"', '""', '"0x10"', '"infinity"'].map((wrong) =>
    attribute(`{"doubleValue":${wrong}}`),
  ),
  ...[
    '{}',
    '1.5',
    '"99999999999999999999"',
    '99999999999999999999',
    '"9223372036854775808"',
    '1e30',
  ].map((wrong) => attribute(`{"intValue":${wrong}}`)),
  ...['{}', '"-5"', '-5', '"18446744073709551616"', '1e30'].map(
    (wrong) => `"startTimeUnixNano":${wrong}`,
  ),
])('%s is malformed', (over) => {
  expect(() => decode(over)).toThrow(expect.objectContaining({ code: 'otlp.malformed' }));
});

test.each([
  ['doubleValue', '"NaN"', NaN],
  ['doubleValue', '"Infinity"', Infinity],
  ['doubleValue', '"-Infinity"', -Infinity],
  ['doubleValue', '"-1.5e3"', new WholeDouble(-1500)],
  ['doubleValue', '-1.5', -1.5],
  ['doubleValue', '1152921504606846976', 2 ** 60],
  ['intValue', '"-9223372036854775808"', -(2n ** 63n)],
  ['intValue', '9223372036854775807', 2n ** 63n - 1n],
  ['intValue', '1e3', 1000],
])('%s %s is a number', (type, text, value) => {
  expect(decode(attribute(`{"${type}":${text}}`)).spans[0]!.attributes).toEqual(['a', value]);
});
