import { describe, expect, test } from 'vitest';
import { unixNanos } from '../model/time.ts';
import { attributes } from '../testing/lab.ts';
import { createNormalizer } from './index.ts';

/** These names exist on every plain object. A lookup by such a name must not find anything. */
describe.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  'a span or event that says %s',
  (name) => {
    const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
    const common = {
      resource: { attributes: attributes({ 'service.name': name }) },
      scopeName: name,
      traceId: '1'.repeat(32),
      spanId: '1'.repeat(16),
    };

    test('is an event of no meaning', () => {
      const log = { ...common, time: unixNanos(1n), observed: unixNanos(1n), eventName: name };
      expect(
        normalizer.event({ ...log, severity: 0, severityText: '', body: name, attributes: [] }, 0),
      ).toBeNull();
    });

    test('is a span with the role of its kind', () => {
      const { span } = normalizer.span(
        {
          ...common,
          ...{ parentSpanId: '', traceState: name, flags: 1, name, kind: 4 },
          ...{
            start: unixNanos(1n),
            end: unixNanos(2n),
            events: [],
            links: [],
            statusCode: 0,
            statusMessage: '',
          },
          attributes: attributes({
            'messaging.system': name,
            'messaging.operation.type': name,
            'messaging.operation.name': name,
            'messaging.destination.name': name,
            'fermata.message.kind': name,
            'fermata.flow.id': name,
            'fermata.flow.outcome': name,
            [name]: name,
          }),
        },
        0,
      );
      expect([span.role, span.flow?.id, span.flow?.outcome]).toEqual(['send', name, '']);
    });
  },
);
