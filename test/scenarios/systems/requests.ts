import { coordination, latency, type Action, type Scenario } from '../scenario.ts';

export const loginOtp: Scenario = {
  name: 'login-otp',
  summary: 'A one-time password at log-in, synchronous.',
  flowType: 'login',
  entry: { service: 'login', path: '/login' },
  services: [
    {
      name: 'login',
      http: [
        {
          path: '/login',
          do: [
            {
              startFlow: [{ call: '/otp', of: 'otp' }, { work: 2 }, { end: 'completed' }],
              deadlineMs: 2000,
            },
          ],
        },
      ],
    },
    { name: 'otp', http: [{ path: '/otp', do: [{ call: '/send', of: 'sms' }] }] },
    { name: 'sms', http: [{ path: '/send', do: [{ work: 5 }] }] },
  ],
  faults: {
    'sms-slow': { service: 'sms', kind: 'slow', ms: 400 },
    'sms-fails': { service: 'sms', kind: 'fail' },
  },
  cases: [
    {
      name: 'healthy',
      seen: {
        status: 'completed',
        steps: ['login: POST /login', 'otp: POST /otp', 'sms: POST /send'],
      },
    },
    {
      name: 'slow',
      fault: 'sms-slow',
      seen: {
        status: 'completed',
        steps: ['login: POST /login', 'otp: POST /otp', 'sms: POST /send'],
      },
    },
    {
      name: 'no password arrives: three services fail, and the deadline passes',
      fault: 'sms-fails',
      seen: {
        status: 'stuck',
        steps: ['login: POST /login', 'otp: POST /otp', 'sms: POST /send'],
        failed: ['POST /login', 'POST /otp', 'POST /send'],
        waiting: ['the end of the flow'],
        findings: ['failed-step', 'flow-overdue'],
      },
    },
  ],
  lenses: [
    latency('a breach of the service level by quantile', {
      durationMs: { p99: { atLeast: 300 } },
    }),
  ],
};

const asked = ['history', 'trending', 'friends'];
const ask = (of: string): Action[] => [{ call: '/suggest', of, timeoutMs: 2000 }];
export const recommendations: Scenario = {
  name: 'recommendations',
  summary: 'A service asks several others at once and merges what they say.',
  flowType: 'recommendation',
  entry: { service: 'recommender', path: '/recommend' },
  services: [
    {
      name: 'recommender',
      http: [
        {
          path: '/recommend',
          do: [
            {
              startFlow: [
                { parallel: asked.map((name) => [{ attempt: ask(name), onFailure: [] }]) },
                { step: 'merge', do: [{ work: 3 }] },
                { end: 'completed' },
              ],
            },
          ],
        },
      ],
    },
    ...asked.map((name, i) => ({ name, http: [{ path: '/suggest', do: [{ work: 4 + 12 * i }] }] })),
  ],
  faults: {
    'friends-slow': { service: 'friends', kind: 'slow', ms: 300 },
    'trending-fails': { service: 'trending', kind: 'fail' },
  },
  cases: [
    {
      name: 'three answers, merged',
      seen: {
        status: 'completed',
        steps: [
          'recommender: POST /recommend',
          ...asked.map((name) => `${name}: POST /suggest`),
          'recommender: merge',
        ],
      },
    },
    {
      name: 'one is slow: it decides how long all takes',
      fault: 'friends-slow',
      seen: {
        status: 'completed',
        steps: ['recommender: merge', '…'],
        path: ['recommender: POST /recommend', 'friends: POST /suggest', 'recommender: merge'],
      },
    },
    {
      name: 'one does not answer: merged without it',
      fault: 'trending-fails',
      seen: {
        status: 'completed',
        steps: ['recommender: merge', 'trending: POST /suggest', '…'],
        failed: ['POST /suggest'],
        findings: ['failed-step'],
      },
    },
  ],
  lenses: [
    coordination('fan-out of three', {
      coupling: 3,
      knows: [{ service: 'recommender', knows: asked }],
    }),
  ],
};
