import { expect, test } from 'vitest';
import { WholeDouble, type OtlpScope, type OtlpSpan } from '../model/otlp.ts';
import { createAttributeReader } from './attributes.ts';
import { moreOf, moreOfSpan } from './more.ts';

const reader = createAttributeReader({ identityKeys: [], searchKeys: [] });
const more = (over: Partial<OtlpSpan>, resource = '', doubles: string[] = []): string =>
  moreOfSpan(reader, over as OtlpSpan, { more: resource }, { doubles });

test('of nothing there is no text', () => {
  expect(moreOf({ schemaUrl: undefined })).toBe('');
  expect(more({})).toBe('');
});

test('what a span has beside its columns is JSON, without secrets', () => {
  const scope: OtlpScope = {
    ...{ version: '1', schemaUrl: 'https://example.org', dropped: 2 },
    attributes: ['weight', new WholeDouble(3), 'password', 'hunter2'],
  };
  const text = more(
    { scope, droppedAttributes: 1, droppedEvents: 4, cut: 5 },
    moreOf({ schemaUrl: 'https://example.org/r' }),
    ['size'],
  );
  expect(JSON.parse(text)).toEqual({
    scope: {
      ...{ version: '1', schemaUrl: 'https://example.org', dropped: 2 },
      attributes: { weight: { double: '3' }, password: '[redacted]' },
    },
    resource: { schemaUrl: 'https://example.org/r' },
    doubles: ['size'],
    ...{ droppedAttributes: 1, droppedEvents: 4, cut: 5 },
  });
  // The JSON text of a scope is cached, because all spans of the scope share it.
  expect(scope.memo).toContain('"version":"1"');
  expect(more({ scope })).toBe(`{"scope":${scope.memo}}`);
});
