/** Names that an attacker might send in telemetry in order to harm users of the dashboard. */
export const HOSTILE: readonly string[] = [
  '<img src=x onerror="alert(1)"><x-hostile>',
  '<script>alert(1)</script><x-hostile></x-hostile>',
  'javascript:alert(1)//<x-hostile>',
  '\u202egnitirw \u2066fo\u202e thgir',
  '🔥👩‍👩‍👧‍👦 {{7*7}} ${1+1} %00 "quoted" \\ ../..',
  `${'endless'.repeat(1500)}`,
];

type Attributes = Record<string, string>;
const listOf = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));

export const traceOf = (nth: number): string => `${nth + 1}`.padStart(32, 'a');

/**
 * Returns an OTLP/JSON request with a flow in which every name chosen by the sender is `name`. The
 * flow fails, and sends a message that no service receives.
 */
export function hostileFlow(name: string, nth: number, nowMs: number): object {
  const traceId = traceOf(nth);
  const spanId = (step: number): string => `${step}`.padStart(16, `${nth + 1}`);
  const nanos = (agoMs: number): string => `${nowMs - agoMs}000000`;
  const message = (type: string): Attributes => ({
    ...{ 'messaging.system': name, 'messaging.destination.name': name },
    ...{ 'messaging.operation.type': type, 'messaging.message.id': `${name}-${type}` },
    ...{ 'fermata.message.type': name, 'messaging.consumer.group.name': name },
  });
  const flow = {
    ...{ 'fermata.flow.type': name, 'fermata.flow.id': name, 'fermata.step.name': name },
    ...{ 'fermata.flow.key.name': name, [`fermata.flow.key.${name}`]: name, [name]: name },
  };
  const events = [
    {
      ...{ timeUnixNano: nanos(1000), name: 'exception' },
      attributes: listOf({
        ...{ 'exception.type': name, 'exception.message': name, 'exception.stacktrace': name },
      }),
    },
  ];
  const span = (step: number, kind: number, agoMs: number, more: object): object => ({
    ...{ traceId, spanId: spanId(step), name, kind },
    ...{ startTimeUnixNano: nanos(agoMs), endTimeUnixNano: nanos(agoMs - 500) },
    ...(step > 1 && { parentSpanId: spanId(1) }),
    ...more,
  });
  return {
    resourceSpans: [1, 2].map((service) => ({
      resource: {
        attributes: listOf({
          ...{ 'service.name': `${name} ${service}`, 'service.version': name },
          ...{ 'service.instance.id': name, 'deployment.environment.name': name },
        }),
      },
      scopeSpans: [
        {
          spans:
            service === 1
              ? [
                  span(1, 1, 5000, { attributes: listOf(flow) }),
                  span(2, 4, 4000, { attributes: listOf({ ...flow, ...message('send') }) }),
                ]
              : [
                  span(3, 5, 3000, {
                    attributes: listOf({ ...flow, ...message('process'), 'error.type': name }),
                    ...{ status: { code: 2, message: name }, events },
                  }),
                  span(4, 4, 2000, {
                    attributes: listOf({ ...flow, ...message('send') }),
                  }),
                ],
        },
      ],
    })),
  };
}
