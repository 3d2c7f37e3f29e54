import { coordination, type Action, type Case, type Scenario } from '../scenario.ts';

const write = (to: string): Action => ({ step: `write ${to}`, do: [{ call: '/write', of: to }] });
const undo = (of: string): Action => ({ compensate: `write ${of}`, by: `undo ${of}` });
const broken = (
  name: string,
  flag: string,
  undone: string[],
  finding: string,
  failed: string[] = [],
): Case => ({
  name,
  flags: [flag],
  fault: 'd-fails',
  seen: {
    status: 'failed',
    steps: ['coordinator: write a', '…'],
    failed: ['write d', 'POST /write', 'POST /orders', ...failed],
    undone,
    findings: ['failed-step', finding],
  },
});

/**
 * A write to four services, the last of which fails. A flag of the order decides whether and how
 * the other writes are undone.
 */
export const partialWrite: Scenario = {
  name: 'partial-write',
  summary: 'An orchestrated write to four services; the last fails, with and without roll-back.',
  flowType: 'partial-write',
  entry: { service: 'coordinator', path: '/orders' },
  services: [
    {
      name: 'coordinator',
      http: [
        {
          path: '/orders',
          do: [
            {
              startFlow: [
                {
                  attempt: [write('a'), write('b'), write('c'), write('d'), { end: 'completed' }],
                  onFailure: [
                    { if: 'no-rollback', do: [{ end: 'failed' }] },
                    { if: 'rollback', do: [undo('c'), undo('b'), undo('a'), { end: 'failed' }] },
                    { if: 'forgets-b', do: [undo('c'), undo('a'), { end: 'failed' }] },
                    {
                      if: 'undoes-twice',
                      do: [undo('c'), undo('b'), undo('b'), undo('a'), { end: 'failed' }],
                    },
                    { if: 'wrong-order', do: [undo('a'), undo('b'), undo('c'), { end: 'failed' }] },
                    {
                      if: 'undo-fails',
                      do: [
                        undo('c'),
                        {
                          attempt: [
                            { compensate: 'write b', by: 'undo b', do: [{ fail: 'b is locked' }] },
                          ],
                          onFailure: [],
                        },
                        undo('a'),
                        { end: 'failed' },
                      ],
                    },
                    { fail: 'the order was not written' },
                  ],
                },
              ],
            },
          ],
        },
      ],
    },
    ...['a', 'b', 'c', 'd'].map((name) => ({
      name,
      http: [{ path: '/write', do: [{ work: 4 }] }],
    })),
  ],
  definition: {
    steps: [
      { name: 'write a', within: '5s', compensatedBy: 'undo a' },
      { name: 'write b', after: 'write a', within: '5s', compensatedBy: 'undo b' },
      { name: 'write c', after: 'write b', within: '5s', compensatedBy: 'undo c' },
      { name: 'write d', after: 'write c', within: '5s' },
    ],
    undoInOrder: true,
  },
  faults: { 'd-fails': { service: 'd', kind: 'fail' } },
  cases: [
    {
      name: 'healthy',
      seen: {
        status: 'completed',
        steps: [
          'coordinator: POST /orders',
          ...['a', 'b', 'c', 'd'].flatMap((name) => [
            `coordinator: write ${name}`,
            `${name}: POST /write`,
          ]),
        ],
      },
    },
    {
      name: 'rolled back, last first',
      flags: ['rollback'],
      fault: 'd-fails',
      seen: {
        status: 'failed',
        steps: ['coordinator: undo a', '…'],
        failed: ['write d', 'POST /write', 'POST /orders'],
        undone: ['write c', 'write b', 'write a'],
        findings: ['failed-step'],
      },
    },
    broken('half way, nothing undone', 'no-rollback', [], 'compensation-missing'),
    broken('one was forgotten', 'forgets-b', ['write c', 'write a'], 'compensation-missing'),
    broken(
      'one was undone twice',
      'undoes-twice',
      ['write c', 'write b', 'write b', 'write a'],
      'compensation-twice',
    ),
    broken(
      'first undone first',
      'wrong-order',
      ['write a', 'write b', 'write c'],
      'compensation-out-of-order',
    ),
    broken(
      'an undoing failed',
      'undo-fails',
      ['write c', 'write b', 'write a'],
      'compensation-failed',
      ['undo b'],
    ),
  ],
  lenses: [
    coordination('orchestrated, five services', {
      ...{ verdict: 'orchestrated', conductor: 'coordinator', coupling: 4 },
      ifStops: ['a', 'b', 'c', 'd', 'coordinator'].map((service) => ({ service })),
    }),
  ],
};

/** Three services that keep copies of the inventory's data by its internal events. */
export const catalogCopies: Scenario = {
  name: 'catalog-copies',
  summary:
    'Inventory changes; catalog, wishlist and search keep copies; an external event triggers it.',
  flowType: 'stock-change',
  entry: { service: 'inventory', path: '/orders' },
  services: [
    {
      name: 'inventory',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 4 }, { publish: 'StockChanged', to: 'stock.changed' }] }],
        },
      ],
    },
    ...['catalog', 'wishlist', 'search'].map((name, i) => ({
      name,
      on: [{ topic: 'stock.changed', step: `update ${name}`, do: [{ work: 5 + 10 * i }] }],
    })),
  ],
  definition: {
    within: '5s',
    steps: ['catalog', 'wishlist', 'search'].map((name) => ({
      name: `update ${name}`,
      service: name,
    })),
  },
  faults: {
    'search-stopped': { service: 'search', kind: 'dead' },
    'wishlist-slow': { service: 'wishlist', kind: 'slow', ms: 400 },
  },
  cases: [
    {
      name: 'three copies follow',
      seen: {
        status: 'completed',
        steps: [
          'inventory: POST /orders',
          'catalog: update catalog',
          'wishlist: update wishlist',
          'search: update search',
        ],
      },
    },
    {
      name: 'a copy that stopped is found; back again, it catches up',
      fault: 'search-stopped',
      seen: {
        status: 'stuck',
        steps: ['inventory: POST /orders', 'catalog: update catalog', 'wishlist: update wishlist'],
        findings: ['missing-step'],
        waiting: ['update search'],
      },
      afterwards: { status: 'completed', steps: ['search: update search', '…'] },
    },
  ],
  lenses: [
    coordination('consistency lag per subscriber, p50, p99 and now', {
      listeners: ['catalog', 'wishlist', 'search'].map((service) => ({
        ...{ message: 'StockChanged', from: 'inventory', service },
        lagMs: { p50: { atLeast: 0 }, p99: { atLeast: 0 }, count: { atLeast: 1 } },
        nowMs: { atLeast: 0 },
      })),
    }),
  ],
};

/**
 * A reporting database that is filled by events, and a report that also queries the original data.
 */
export const reporting: Scenario = {
  name: 'reporting',
  summary: 'A reporting database built from events, and a report asked from the sources.',
  flowType: 'report',
  entry: { service: 'sales', path: '/orders' },
  services: [
    {
      name: 'sales',
      http: [
        {
          path: '/orders',
          do: [{ startFlow: [{ work: 3 }, { publish: 'SaleMade', to: 'sale.made' }] }],
        },
        { path: '/facts', do: [{ work: 6 }] },
      ],
    },
    {
      name: 'reporting',
      on: [
        {
          topic: 'sale.made',
          step: 'record fact',
          do: [
            { work: 4 },
            { if: 'report', do: [{ step: 'build report', do: [{ call: '/facts', of: 'sales' }] }] },
          ],
        },
      ],
    },
  ],
  definition: { within: '5s', steps: [{ name: 'record fact', service: 'reporting' }] },
  faults: {
    'fact-dropped': { service: 'reporting', kind: 'dead' },
    'fact-late': { service: 'reporting', kind: 'slow', ms: 600 },
  },
  cases: [
    {
      name: 'a fact is recorded',
      seen: { status: 'completed', steps: ['sales: POST /orders', 'reporting: record fact'] },
    },
    {
      name: 'a late fact',
      fault: 'fact-late',
      seen: { status: 'completed', steps: ['sales: POST /orders', 'reporting: record fact'] },
    },
    {
      name: 'a report shows its sources',
      flags: ['report'],
      seen: {
        status: 'completed',
        steps: [
          'sales: POST /orders',
          'reporting: record fact',
          'reporting: build report',
          'sales: POST /facts',
        ],
      },
    },
    {
      name: 'a dropped fact is missed',
      fault: 'fact-dropped',
      seen: {
        status: 'stuck',
        steps: ['sales: POST /orders'],
        findings: ['undelivered-message'],
        waiting: ['record fact'],
      },
      afterwards: { status: 'completed', steps: ['reporting: record fact', '…'] },
    },
  ],
  lenses: [
    coordination('lag of the reporting copy', {
      listeners: [{ message: 'SaleMade', service: 'reporting', lagMs: { count: { atLeast: 1 } } }],
    }),
  ],
};
