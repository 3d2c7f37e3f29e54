import { expect, test } from 'vitest';
import type { OtlpSpan } from '../model/otlp.ts';
import { createNormalizer } from './index.ts';
import { nameIn } from './attributes.ts';

const MAX_LENGTH = 256;
const normalizer = createNormalizer({ identityKeys: ['order.id'], searchKeys: [] });
const recordOf = (attributes: OtlpSpan['attributes'], service = 'shop', name = 'n') =>
  normalizer.span(
    {
      ...{
        resource: { attributes: ['service.name', service] },
        scopeName: '',
        traceState: '',
        flags: 0,
      },
      ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: '', name, kind: 5 },
      ...{
        start: 1n,
        end: 2n,
        attributes,
        events: [],
        links: [],
        statusCode: 0,
        statusMessage: '',
      },
    } as unknown as OtlpSpan,
    0,
  );
const spanOf = (attributes: OtlpSpan['attributes'], service?: string, name?: string) =>
  recordOf(attributes, service, name).span;

test('a name has a size, and what is cut is told apart by all of it', () => {
  const long = 'x'.repeat(16_000);
  const cut = nameIn(`${long}a`);
  expect(cut).toHaveLength(MAX_LENGTH);
  expect(cut).not.toBe(nameIn(`${long}b`));
  expect(cut).toBe(nameIn(`${long}a`));
  expect(nameIn('y'.repeat(MAX_LENGTH))).toBe('y'.repeat(MAX_LENGTH));
  expect(nameIn('a\0b')).toBe('a\ufffdb');
  expect(nameIn(`${'z'.repeat(238)}😀${long}`)).toSatisfy((text: string) => text.isWellFormed());
});

test('every name that is shown or remembered has it', () => {
  const long = (letter: string): string => letter.repeat(20_000);
  const span = spanOf(
    [
      ...['messaging.system', 'kafka', 'messaging.operation.type', 'process'],
      ...['messaging.destination.name', long('d'), 'messaging.message.id', long('m')],
      ...[
        'messaging.message.conversation_id',
        long('c'),
        'messaging.consumer.group.name',
        long('g'),
      ],
      ...[
        'fermata.flow.id',
        long('f'),
        'fermata.flow.type',
        long('t'),
        'fermata.step.name',
        long('s'),
      ],
      ...['order.id', long('o'), `fermata.flow.key.${long('k')}`, long('v')],
    ],
    long('S'),
    long('n'),
  );
  const names = [
    ...[
      span.service.name,
      span.name,
      span.message!.destination,
      span.message!.id,
      span.message!.group,
    ],
    ...[span.message!.conversation, span.flow!.id, span.flow!.type, span.step!.name],
    ...span.keys.flat(),
  ];
  expect(span.keys).toHaveLength(2);
  for (const name of names) expect(name.length).toBeLessThanOrEqual(MAX_LENGTH);
});

test('two orders whose numbers differ late are two', () => {
  const [one, other] = ['1', '2'].map(
    (last) => spanOf(['order.id', 'n'.repeat(300) + last]).identities,
  );
  expect(one).not.toEqual(other);
});

test('of a span the name is kept as it was sent, however it is shown', () => {
  const place = `amq.gen-${'a'.repeat(20)}`;
  for (const name of [`${place} send`, 'n'.repeat(5000)]) {
    const { span, raw } = recordOf(
      ['messaging.system', 'rabbitmq', 'messaging.destination.name', place],
      'shop',
      name,
    );
    expect(raw.name).toBe(name);
    expect(span.name).not.toContain(place);
    expect(span.name.length).toBeLessThanOrEqual(MAX_LENGTH);
  }
});

test('names that were cut are counted, texts that may be long are none', () => {
  const long = 'x'.repeat(1000);
  expect(recordOf(['fermata.step.name', 'short', 'error.message', long]).namesCut).toBeUndefined();
  expect(recordOf(['fermata.step.name', long, 'order.id', long], long).namesCut).toBe(3);
});
