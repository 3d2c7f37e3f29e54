import {
  coordination,
  latency,
  type Action,
  type Scenario,
  type ServiceSpec,
} from '../scenario.ts';

const call = (of: string, timeoutMs = 10_000): Action => ({ call: '/work', of, timeoutMs });

/**
 * Returns services that call each other: 1→2, 1→3, 3→4, 3→5, 5→6. The times are a tenth of those in
 * the article from which the example comes.
 */
const services = (parallel: boolean): ServiceSpec[] => {
  const both = (a: Action[], b: Action[]): Action[] =>
    parallel ? [{ parallel: [a, b] }] : [...a, ...b];
  const at = (name: string, work: Action[]): ServiceSpec => ({
    name,
    http: [{ path: '/work', do: work }],
  });
  return [
    {
      name: 'service-1',
      http: [
        {
          path: '/work',
          do: [
            {
              if: 'sequential',
              do: [
                {
                  startFlow: [
                    call('service-2'),
                    call('service-3'),
                    { work: 12 },
                    { end: 'completed' },
                  ],
                },
              ],
              else: [
                {
                  startFlow: [
                    ...both([call('service-2')], [call('service-3')]),
                    { work: 12 },
                    { end: 'completed' },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
    at('service-2', [{ work: 1 }]),
    at('service-3', [
      {
        if: 'sequential',
        do: [call('service-4'), call('service-5')],
        else: both([call('service-4')], [call('service-5')]),
      },
      { work: 30 },
    ]),
    at('service-4', [{ work: 30 }]),
    at('service-5', [call('service-6'), { work: 120 }]),
    at('service-6', [{ work: 100 }]),
  ];
};
const work = (...numbers: number[]): string[] => numbers.map((n) => `service-${n}: POST /work`);
const everybody = work(1, 2, 3, 4, 5, 6);

export const serviceMap: Scenario = {
  name: 'service-map',
  summary: 'Six services that call each other and wait: parallel, or one after the other.',
  flowType: 'map-request',
  entry: { service: 'service-1', path: '/work' },
  services: services(true),
  faults: { 'four-slow': { service: 'service-4', kind: 'slow', ms: 1000 } },
  cases: [
    { name: 'parallel', seen: { status: 'completed', steps: everybody, path: work(1, 3, 5, 6) } },
    {
      name: 'sequential',
      flags: ['sequential'],
      seen: { status: 'completed', steps: everybody, path: everybody },
    },
    {
      name: 'a slow branch',
      fault: 'four-slow',
      seen: { status: 'completed', steps: everybody, path: work(1, 3, 4) },
    },
  ],
  lenses: [
    latency('shares of the critical path over many flows', {
      chain: [
        { kind: 'processing', service: 'service-4' },
        { kind: 'processing', service: 'service-6' },
      ],
    }),
    coordination('1 is blocked for most of its time; a chain of four services', {
      verdict: 'calls only',
      blocked: [{ service: 'service-1', share: { atLeast: 0.8 }, chainDepth: 4 }],
      advice: [{ text: { contains: 'a chain of 4 services' } }],
    }),
  ],
};

const withBreaker = (scenario: ServiceSpec[]): ServiceSpec[] =>
  scenario.map((service) =>
    service.name === 'service-5'
      ? {
          name: 'service-5',
          http: [
            {
              path: '/work',
              do: [
                {
                  if: 'breaker',
                  do: [
                    {
                      attempt: [{ step: 'ask six', do: [call('service-6', 2000)] }],
                      tries: 2,
                      onFailure: [{ step: 'answer from cache', do: [{ work: 1 }] }],
                    },
                  ],
                  else: [call('service-6', 2000)],
                },
                { work: 12 },
              ],
            },
          ],
        }
      : service,
  );

export const serviceMapSixDown: Scenario = {
  name: 'service-map-6-down',
  summary: 'Service 6 hangs: blame it, not service 1; then a circuit breaker answers from a cache.',
  flowType: 'map-request-6-down',
  entry: { service: 'service-1', path: '/work' },
  services: withBreaker(services(true)),
  faults: { 'six-hangs': { service: 'service-6', kind: 'fail' } },
  cases: [
    { name: 'healthy', seen: { status: 'completed', steps: everybody } },
    {
      name: 'six fails, and so does everybody above it',
      fault: 'six-hangs',
      seen: {
        status: 'failed',
        steps: ['service-6: POST /work', '…'],
        failed: ['POST /work'],
        findings: ['failed-step'],
      },
    },
    {
      name: 'with a breaker the caller gets an answer',
      fault: 'six-hangs',
      flags: ['breaker'],
      seen: {
        status: 'completed',
        steps: ['service-5: answer from cache', '…'],
        failed: ['POST /work', 'ask six'],
        findings: ['failed-step'],
      },
    },
  ],
  lenses: [
    coordination('blocked time up the chain', {
      blocked: ['service-1', 'service-3', 'service-5'].map((service) => ({
        ...{ service, ms: { atLeast: 10 } },
      })),
    }),
  ],
};
