import { coordination, type Action, type Scenario } from '../scenario.ts';

/**
 * A choreography with a step that can fail. The service that caused it must learn of the failure
 * and revert its change.
 */
export const addressChange: Scenario = {
  name: 'address-change',
  summary:
    'A changed address reaches the card service; if that fails, the customer service reverts.',
  flowType: 'address-change',
  entry: { service: 'customer', path: '/orders' },
  services: [
    {
      name: 'customer',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                { step: 'change address', do: [{ work: 4 }] },
                { publish: 'AddressChanged', to: 'address.changed' },
              ],
            },
          ],
        },
      ],
      on: [
        {
          topic: 'card.update-failed.heard',
          step: 'revert',
          do: [{ compensate: 'change address', by: 'restore address' }, { end: 'compensated' }],
        },
        { topic: 'card.updated', step: 'note card', do: [{ end: 'completed' }] },
      ],
    },
    {
      name: 'card',
      on: [
        {
          topic: 'address.changed',
          step: 'update card',
          do: [
            {
              if: 'card-refuses',
              do: [
                {
                  if: 'nobody-listens',
                  do: [{ publish: 'CardPostalAddressUpdateFailed', to: 'card.update-failed' }],
                  else: [
                    { publish: 'CardPostalAddressUpdateFailed', to: 'card.update-failed.heard' },
                  ],
                },
              ],
              else: [{ work: 8 }, { publish: 'CardUpdated', to: 'card.updated' }],
            },
          ],
        },
      ],
    },
    {
      name: 'letters',
      on: [{ topic: 'address.changed', step: 'update letters', do: [{ work: 3 }] }],
    },
  ],
  faults: {
    'card-refuses': { flag: 'card-refuses' },
    'letters-fail': { service: 'letters', kind: 'fail' },
  },
  cases: [
    {
      name: 'healthy',
      seen: {
        status: 'completed',
        steps: [
          'customer: POST /orders',
          'customer: change address',
          'card: update card',
          'letters: update letters',
          'customer: note card',
        ],
      },
    },
    {
      name: 'refused, and reverted',
      fault: 'card-refuses',
      seen: {
        status: 'compensated',
        steps: ['customer: restore address', 'customer: revert', '…'],
        undone: ['change address'],
      },
    },
    {
      name: 'refused, and nobody listens',
      fault: 'card-refuses',
      flags: ['nobody-listens'],
      seen: {
        status: 'active',
        steps: [
          'customer: POST /orders',
          'customer: change address',
          'card: update card',
          'letters: update letters',
        ],
        findings: ['unhandled-failure'],
      },
    },
    {
      name: 'one of two listeners fails: inconsistent, and named',
      fault: 'letters-fail',
      seen: {
        status: 'completed',
        steps: ['letters: update letters', '…'],
        failed: ['update letters'],
        findings: ['failed-step'],
      },
    },
  ],
  lenses: [
    coordination('choreography with a step that can fail', {
      verdict: 'choreographed',
      failureAudience: [
        {
          failure: 'CardPostalAddressUpdateFailed',
          mustHear: ['customer'],
          hear: ['customer'],
        },
      ],
      advice: [{ text: { contains: 'a step that can fail' } }],
    }),
  ],
};

const cardServices = (afterApplicant: Action[]): Scenario['services'] => [
  {
    name: 'conductor',
    http: [
      {
        path: '/orders',
        do: [{ startFlow: [{ command: 'CreateCustomer', to: 'customers.create' }] }],
      },
    ],
    on: [
      {
        topic: 'conductor.customer-created',
        step: 'customer is known',
        do: [{ command: 'CreateApplicant', to: 'applicants.create' }],
      },
      { topic: 'conductor.applicant-created', step: 'applicant is known', do: afterApplicant },
      {
        topic: 'conductor.checked',
        step: 'credit is known',
        do: [
          {
            if: 'refused',
            do: [{ command: 'DeleteApplicant', to: 'applicants.delete' }],
            else: [{ command: 'IssueCard', to: 'cards.issue' }],
          },
        ],
      },
      {
        topic: 'conductor.applicant-deleted',
        step: 'applicant is gone',
        do: [{ command: 'DeleteCustomer', to: 'customers.delete' }],
      },
      {
        topic: 'conductor.customer-deleted',
        step: 'customer is gone',
        do: [{ end: 'compensated' }],
      },
      { topic: 'conductor.issued', step: 'finish', do: [{ end: 'completed' }] },
    ],
  },
  {
    name: 'customers',
    on: [
      {
        topic: 'customers.create',
        step: 'create customer',
        do: [{ work: 3 }, { reply: 'CustomerCreated', to: 'conductor.customer-created' }],
      },
      {
        topic: 'customers.delete',
        step: 'handle delete customer',
        do: [
          { compensate: 'create customer', by: 'delete customer' },
          { reply: 'CustomerDeleted', to: 'conductor.customer-deleted' },
        ],
      },
    ],
  },
  {
    name: 'third-party',
    on: [
      {
        topic: 'applicants.create',
        step: 'create applicant',
        do: [{ work: 6 }, { reply: 'ApplicantCreated', to: 'conductor.applicant-created' }],
      },
      {
        topic: 'applicants.delete',
        step: 'handle delete applicant',
        do: [
          { compensate: 'create applicant', by: 'delete applicant' },
          { reply: 'ApplicantDeleted', to: 'conductor.applicant-deleted' },
        ],
      },
    ],
  },
  {
    name: 'credit',
    on: [
      {
        topic: 'credit.check',
        step: 'check credit',
        do: [{ work: 9 }, { reply: 'CreditChecked', to: 'conductor.checked' }],
      },
    ],
  },
  {
    name: 'cards',
    on: [
      {
        topic: 'cards.issue',
        step: 'issue card',
        do: [{ work: 5 }, { reply: 'CardIssued', to: 'conductor.issued' }],
      },
    ],
  },
];
const issued = ['create customer', 'create applicant', 'check credit', 'issue card'];
const everyStep = [
  'conductor: POST /orders',
  'customers: create customer',
  'conductor: customer is known',
  'third-party: create applicant',
  'conductor: applicant is known',
  'credit: check credit',
  'conductor: credit is known',
  'cards: issue card',
  'conductor: finish',
];

export const cardApplication: Scenario = {
  name: 'card-application',
  summary: 'An orchestrated saga with a third party that is slow, fails or is silent.',
  flowType: 'card-application',
  entry: { service: 'conductor', path: '/orders' },
  services: cardServices([{ command: 'CheckCredit', to: 'credit.check' }]),
  definition: {
    steps: [
      {
        name: 'create customer',
        service: 'customers',
        within: '3s',
        compensatedBy: 'delete customer',
      },
      {
        name: 'create applicant',
        service: 'third-party',
        after: 'create customer',
        within: '3s',
        compensatedBy: 'delete applicant',
      },
      { name: 'applicant is known', service: 'conductor', after: 'create applicant', within: '3s' },
    ],
    ends: [{ step: 'finish' }],
    undoInOrder: true,
  },
  faults: {
    'third-party-slow': { service: 'third-party', step: 'create applicant', kind: 'slow', ms: 700 },
    'third-party-silent': { service: 'third-party', step: 'create applicant', kind: 'silent' },
    'credit-refused': { flag: 'refused' },
  },
  cases: [
    { name: 'healthy', seen: { status: 'completed', steps: everyStep } },
    {
      name: 'a slow third party',
      fault: 'third-party-slow',
      seen: { status: 'completed', steps: everyStep },
    },
    {
      name: 'a silent third party: somebody waits, and it says for what',
      fault: 'third-party-silent',
      seen: {
        status: 'stuck',
        steps: everyStep.slice(0, 4),
        waiting: ['applicant is known'],
        findings: ['missing-reply'],
      },
    },
    {
      name: 'refused: undone, last first',
      fault: 'credit-refused',
      seen: {
        status: 'compensated',
        steps: ['customers: delete customer', 'third-party: delete applicant', '…'],
        undone: ['create applicant', 'create customer'],
      },
    },
  ],
  lenses: [
    coordination('orchestrated; the third party named', {
      ...{ verdict: 'orchestrated', conductor: 'conductor' },
      knows: [{ service: 'conductor', knows: ['third-party'] }],
      ifStops: [{ service: 'third-party', flowsShare: 1 }],
    }),
  ],
};

export const cardApplicationFlex: Scenario = {
  name: 'card-application-flex',
  summary:
    'The credit check is skipped when one was done today: a skipped step is not a missing step.',
  flowType: 'card-application-flex',
  entry: { service: 'conductor', path: '/orders' },
  services: cardServices([
    {
      if: 'checked-today',
      do: [{ command: 'IssueCard', to: 'cards.issue' }],
      else: [{ command: 'CheckCredit', to: 'credit.check' }],
    },
  ]),
  definition: {
    within: '5s',
    steps: issued.map((name, i) => ({
      name,
      ...(i > 0 && { after: issued[i - 1]! }),
      ...(name === 'check credit' && { optional: true }),
    })),
    ends: [{ step: 'finish' }],
  },
  faults: {
    'third-party-slow': { service: 'third-party', step: 'create applicant', kind: 'slow', ms: 400 },
  },
  cases: [
    { name: 'with the check', seen: { status: 'completed', steps: everyStep } },
    {
      name: 'checked today already',
      flags: ['checked-today'],
      seen: { status: 'completed', steps: everyStep.filter((step) => !step.includes('credit')) },
    },
  ],
  lenses: [
    coordination('where the rule lives', {
      decisions: [
        {
          ...{ service: 'conductor', step: 'applicant is known' },
          next: [{ step: 'check credit' }, { step: 'issue card' }],
        },
      ],
    }),
  ],
};

const holders = ['profile', 'billing', 'newsletter'];
export const dataDeletion: Scenario = {
  name: 'data-deletion',
  summary: "A user's data is deleted everywhere; a service that forgets is found.",
  flowType: 'data-deletion',
  entry: { service: 'privacy', path: '/orders' },
  services: [
    {
      name: 'privacy',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                {
                  if: 'orchestrated',
                  do: holders.map((name): Action => ({
                    command: 'DeleteData',
                    to: `${name}.delete`,
                  })),
                  else: [{ publish: 'DeletionRequested', to: 'deletion.requested' }],
                },
              ],
            },
          ],
        },
      ],
    },
    ...holders.map((name) => ({
      name,
      on: ['deletion.requested', `${name}.delete`].map((topic) => ({
        topic,
        step: `delete from ${name}`,
        do: [{ work: 5 }],
      })),
    })),
  ],
  definition: {
    within: '4s',
    steps: holders.map((name) => ({ name: `delete from ${name}`, service: name })),
  },
  faults: { 'newsletter-forgets': { service: 'newsletter', kind: 'dead' } },
  cases: [
    {
      name: 'choreographed',
      seen: {
        status: 'completed',
        steps: ['privacy: POST /orders', ...holders.map((name) => `${name}: delete from ${name}`)],
      },
    },
    {
      name: 'orchestrated, one command a service',
      flags: ['orchestrated'],
      seen: {
        status: 'completed',
        steps: ['privacy: POST /orders', ...holders.map((name) => `${name}: delete from ${name}`)],
      },
    },
    {
      name: 'who has not deleted yet',
      fault: 'newsletter-forgets',
      seen: {
        status: 'stuck',
        steps: [
          'privacy: POST /orders',
          'profile: delete from profile',
          'billing: delete from billing',
        ],
        waiting: ['delete from newsletter'],
        findings: ['missing-step'],
      },
      afterwards: { status: 'completed', steps: ['newsletter: delete from newsletter', '…'] },
    },
  ],
  lenses: [
    coordination('who has to delete, by style', {
      styles: [{ style: 'orchestrated' }, { style: 'choreographed' }],
      knows: [{ service: 'privacy', knows: holders }],
      listeners: holders.map((service) => ({ message: 'DeletionRequested', service })),
    }),
  ],
};
