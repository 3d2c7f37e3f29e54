import { coordination, variants, type Scenario } from '../scenario.ts';
import conductorWorkflow from './conductor-workflow.ts';

const stops = ['resize', 'watermark', 'store'];

/**
 * A pipeline in which each item has its own sequence of transformations, which it carries as a
 * routing slip.
 */
export const pipeline: Scenario = {
  name: 'pipeline',
  summary: 'A composable pipeline by routing slip: each transformation is a service.',
  flowType: 'image',
  entry: { service: 'intake', path: '/orders' },
  services: [
    {
      name: 'intake',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                { if: 'short', do: [{ route: ['resize', 'store'] }], else: [{ route: stops }] },
              ],
            },
          ],
        },
      ],
    },
    ...stops.map((name) => ({
      name,
      on: [{ topic: `stop.${name}`, step: name, do: [{ work: 5 }, { forward: true as const }] }],
    })),
  ],
  faults: { 'watermark-loses-it': { service: 'watermark', kind: 'silent' } },
  cases: [
    {
      name: 'all stops',
      seen: {
        status: 'completed',
        steps: ['intake: POST /orders', ...stops.map((name) => `${name}: ${name}`)],
      },
    },
    {
      name: 'its own way',
      flags: ['short'],
      seen: {
        status: 'completed',
        steps: ['intake: POST /orders', 'resize: resize', 'store: store'],
      },
    },
    {
      name: 'lost between two stops: the next one is awaited',
      fault: 'watermark-loses-it',
      seen: {
        status: 'active',
        steps: ['intake: POST /orders', 'resize: resize', 'watermark: watermark'],
        waiting: ['store'],
      },
    },
  ],
  lenses: [
    variants('variants by itinerary', [
      ['POST /orders', 'resize', 'watermark', 'store'],
      ['POST /orders', 'resize', 'store'],
    ]),
  ],
};

/**
 * Conductor's example workflow. It is imported as a flow definition, and executed by a small
 * orchestrator with workers.
 */
export const conductor: Scenario = {
  name: 'conductor-workflow',
  summary: 'encode_and_deploy as a Conductor definition, run by a conductor with two workers.',
  flowType: 'encode_and_deploy',
  entry: { service: 'conductor', path: '/orders' },
  services: [
    {
      name: 'conductor',
      http: [{ path: '/orders', do: [{ startFlow: [{ command: 'encode', to: 'encode.tasks' }] }] }],
      on: [
        {
          topic: 'conductor.encoded',
          step: 'decide',
          do: [{ command: 'deploy', to: 'deploy.tasks' }],
        },
        { topic: 'conductor.deployed', step: 'complete', do: [{ end: 'completed' }] },
      ],
    },
    {
      name: 'encoder',
      on: [
        {
          topic: 'encode.tasks',
          step: 'encode',
          do: [{ work: 12 }, { reply: 'encoded', to: 'conductor.encoded' }],
        },
      ],
    },
    {
      name: 'deployer',
      on: [
        {
          topic: 'deploy.tasks',
          step: 'deploy',
          do: [{ work: 8 }, { reply: 'deployed', to: 'conductor.deployed' }],
        },
      ],
    },
  ],
  conductor: conductorWorkflow,
  faults: {
    'conductor-stopped': { service: 'conductor', step: 'decide', kind: 'silent' },
    'encoder-dead': { service: 'encoder', kind: 'dead' },
  },
  cases: [
    {
      name: 'healthy',
      seen: {
        status: 'completed',
        steps: [
          'conductor: POST /orders',
          'encoder: encode',
          'conductor: decide',
          'deployer: deploy',
          'conductor: complete',
        ],
      },
    },
    {
      name: 'a task that never starts',
      fault: 'encoder-dead',
      seen: {
        status: 'stuck',
        steps: ['conductor: POST /orders'],
        waiting: ['encode'],
        findings: ['undelivered-message'],
      },
      afterwards: { status: 'completed', steps: ['deployer: deploy', '…'] },
    },
    {
      name: 'the conductor stops in mid-flow',
      fault: 'conductor-stopped',
      seen: {
        status: 'stuck',
        steps: ['conductor: POST /orders', 'encoder: encode', 'conductor: decide'],
        waiting: ['deploy'],
        findings: ['orchestrator-silent'],
      },
    },
  ],
  lenses: [
    coordination('orchestrated by conductor', {
      ...{ verdict: 'orchestrated', conductor: 'conductor', coupling: 2 },
    }),
  ],
};
