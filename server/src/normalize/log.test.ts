import { expect, test } from 'vitest';
import { LOG_LIMITS, type LogRecord } from '../model/log-record.ts';
import { KeyValues, WholeDouble, type OtlpLog } from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from './index.ts';

const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const log = (over: Partial<OtlpLog> = {}): OtlpLog => ({
  ...{ resource: { attributes: ['service.name', 'desk'] }, scopeName: 'lib' },
  ...{ severity: 17, severityText: '', traceId: TRACE, spanId: SPAN },
  ...{ time: unixNanos(7n), observed: unixNanos(9n), eventName: '', body: 'no', attributes: [] },
  ...over,
});
const read = (over: Partial<OtlpLog> = {}, leastSeverity = 0): LogRecord | null =>
  normalizer.log(log(over), 5, leastSeverity);
const kept = (over: Partial<OtlpLog> = {}): LogRecord => read(over)!;

test('a log record keeps what it says, and where it was written', () => {
  expect(kept({ attributes: ['code', 7], eventName: 'refused' })).toMatchObject({
    ...{ traceId: TRACE, spanId: SPAN, time: 7n, receivedAtMs: 5, severity: 17, isCut: false },
    ...{ body: 'no', eventName: 'refused', scope: 'lib', service: { name: 'desk' } },
    ...{ attributes: '{"code":7}', resource: '{"service.name":"desk"}' },
  });
});

test('a double is the number that people expect, in attributes and in a body', () => {
  const weight = new WholeDouble(3);
  const { attributes, body } = kept({
    ...{ attributes: ['weight', weight], body: new KeyValues(['weight', [weight]]) },
  });
  expect([attributes, body]).toEqual(['{"weight":3}', '{"weight":[3]}']);
});

test('without a time of its own it happened when it was observed', () => {
  expect(kept({ time: unixNanos(0n) }).time).toBe(9n);
});

test('a record below the least severity is not kept, however its severity is said', () => {
  const severities = (over: Partial<OtlpLog>): number => kept({ severity: 0, ...over }).severity;
  expect(read({ severity: 16 }, 17)).toBeNull();
  expect(read({ severity: 17 }, 17)).not.toBeNull();
  for (const [said, number] of [
    ['ERROR', 17],
    [' Warning ', 13],
    ['err', 17],
    ['CRITICAL', 21],
    ['Information', 9],
    ['constructor', 0],
    ['', 0],
  ] as const)
    expect(severities({ severityText: said }), said).toBe(number);
  expect(severities({ attributes: ['exception.type', 'Boom'] })).toBe(17);
  expect(severities({ severityText: 'info', attributes: ['exception.type', 'Boom'] })).toBe(9);
  expect(kept({ severity: 9, severityText: 'ERROR' }).severity).toBe(9);
  expect(kept({ severity: 4_000_000_000 }).severity).toBe(24);
});

test('a record of no trace is not kept', () => {
  for (const traceId of ['', '0'.repeat(32), 'a'.repeat(31), 'A'.repeat(32)])
    expect(read({ traceId }), traceId).toBeNull();
  expect(kept({ spanId: '' }).spanId).toBe('');
  expect(kept({ spanId: 'nonsense' }).spanId).toBe('');
});

test('secrets are removed by their names, in attributes and in a body that is a map', () => {
  const secret = ['user', 'mia', 'password', 'hunter2', 'deep', new KeyValues(['api_key', 'k-1'])];
  const { body, attributes } = kept({
    body: new KeyValues([...secret, 'list', [new KeyValues(['db.secret', 1])]]),
    attributes: ['http.request.header.authorization', 'Bearer t', 'user', 'mia'],
  });
  expect(JSON.parse(body)).toEqual({
    ...{ user: 'mia', password: '[redacted]', deep: { api_key: '[redacted]' } },
    list: [{ 'db.secret': '[redacted]' }],
  });
  expect(JSON.parse(attributes)).toEqual({
    'http.request.header.authorization': '[redacted]',
    user: 'mia',
  });
});

test('a body of any kind is text', () => {
  const bodies = ['text', 4.5, 9007199254740993n, true, null, new Uint8Array([1, 2]), [1, 'a']];
  expect(bodies.map((body) => kept({ body }).body)).toEqual([
    ...['text', '4.5', '9007199254740993', 'true', '', 'AQI=', '[1,"a"]'],
  ]);
});

test('what is too long is cut and marked', () => {
  const exact = kept({ body: 'x'.repeat(LOG_LIMITS.body) });
  expect([exact.body.length, exact.isCut]).toEqual([LOG_LIMITS.body, false]);
  const long = kept({ body: 'x'.repeat(LOG_LIMITS.body + 1) });
  expect([long.body.length, long.isCut]).toEqual([LOG_LIMITS.body, true]);
  const many = kept({
    attributes: Array.from({ length: 20 }, (_, i) => [`a${i}`, 'v'.repeat(3000)]).flat(),
  });
  expect(many.isCut).toBe(true);
  expect(many.attributes.length).toBeLessThanOrEqual(LOG_LIMITS.attributes);
  expect(Object.keys(JSON.parse(many.attributes) as object)).toHaveLength(6);
  const after = kept({ attributes: ['big', 'v'.repeat(LOG_LIMITS.attributes), 'small', 1] });
  expect([after.attributes, after.isCut]).toEqual(['{"small":1}', true]);
});

test('the same content is the same record, however often it is sent; other content is another', () => {
  expect(kept().id).toBe(kept().id);
  const ids = [
    kept(),
    kept({ body: 'other' }),
    kept({ attributes: ['a', 1] }),
    kept({ time: unixNanos(8n) }),
    kept({ severity: 18 }),
    kept({ spanId: '' }),
    kept({ traceId: 'c'.repeat(32) }),
    kept({ resource: { attributes: ['service.name', 'shop'] } }),
  ].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
