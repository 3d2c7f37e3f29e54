import { FLOW_SORTS } from '../../model/search.ts';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseQuery } from '../../query/language/parse.ts';
import { unixNanos } from '../../model/time.ts';
import * as catalog from './catalog.sql.ts';
import * as comparison from './comparison.sql.ts';
import * as documents from './documents.sql.ts';
import * as durations from './durations.sql.ts';
import * as evidence from './evidence.sql.ts';
import * as facets from './facets.sql.ts';
import * as flows from './flows.sql.ts';
import * as lenses from './lenses.sql.ts';
import * as logs from './logs.sql.ts';
import * as overview from './overview.sql.ts';
import * as names from './names.sql.ts';
import * as population from './population.sql.ts';
import * as relatives from './relatives.sql.ts';
import * as schema from './schema.sql.ts';
import * as search from './search.sql.ts';
import { sql } from './sql.ts';
import * as system from './system.sql.ts';
import * as unprojected from './unprojected.sql.ts';
import * as versions from './versions.sql.ts';

const NOW = 1_794_000_000_000;
const SINCE = NOW - 60_000;
const PART = { table: 'flows', name: 'all_1_2_0' };
const SHARE = { index: 1, of: 3 };
const WHERE = '1\nAND type IN {types:Array(String)}';
const COUNTED = { nowMs: NOW, where: WHERE, oneOf: 4, size: 'many' as const };
const FEW = { ...COUNTED, size: 'few' as const };
const KNOWN = { ...COUNTED, size: 'known' as const };
const COMPARED = { either: COUNTED, here: WHERE, there: '1', hereFlows: 5, thereFlows: 0 };
const BANDS = [
  { fromMs: 1, toMs: 2 },
  { fromMs: 5, toMs: 9 },
];
const BOUNDS = { listed: 1000, named: 50, versions: 20 };

/**
 * Returns the condition of a search, followed by its bound values as a comment. The golden file
 * thus shows that values are bound and not part of the SQL.
 */
const searched = (text: string): string => {
  const { where, params } = search.searchWhere({ query: parseQuery(text, NOW)!, limit: 1 }, NOW);
  return `${where}\n-- ${JSON.stringify(params)}`;
};

/** Example calls of every function of each module. Exported constant texts need no entry. */
const MODULES: Record<string, { module: object; of: Record<string, readonly string[]> }> = {
  catalog: {
    module: catalog,
    of: {
      flowTypes: [catalog.flowTypes(NOW, BOUNDS), catalog.flowTypes(NOW, BOUNDS, true)],
      services: [catalog.services(BOUNDS)],
      servicesHeard: [catalog.servicesHeard(BOUNDS)],
      messagesOfServices: [catalog.messagesOfServices(BOUNDS)],
      versionsOfServices: [catalog.versionsOfServices(BOUNDS)],
      usualDuration: [
        catalog.usualDuration('p95', NOW, null),
        catalog.usualDuration('p50', NOW, '{q0:UInt64}'),
      ],
    },
  },
  comparison: {
    module: comparison,
    of: {
      comparedTraits: [
        comparison.comparedTraits(COMPARED, {
          ...{ families: ['node', 'mark'], kinds: ['node', 'version'], most: 10 },
        }),
      ],
      comparedStatuses: [comparison.comparedStatuses(COMPARED)],
      comparedKeys: [comparison.comparedKeys(COMPARED, 10)],
    },
  },
  documents: {
    module: documents,
    of: {
      notificationIds: [documents.notificationIds(200)],
      bodiesByIds: [documents.bodiesByIds('incidents')],
    },
  },
  durations: {
    module: durations,
    of: {
      segmentShares: [durations.segmentShares(COUNTED, BANDS)],
      between: [durations.between(COUNTED)],
      spread: [
        durations.spread(COUNTED, SINCE, 1000, [1, 10], false),
        durations.spread(COUNTED, SINCE, 1000, [], true),
      ],
      trend: [
        durations.trend(COUNTED, 60_000, 'status'),
        durations.trend(COUNTED, 1000, 'service'),
      ],
    },
  },
  evidence: { module: evidence, of: { batchesAfter: [evidence.batchesAfter(5000)] } },
  facets: { module: facets, of: { facetCounts: [facets.facetCounts(COUNTED, 50)] } },
  flows: {
    module: flows,
    of: {
      flowsSeenAt: [flows.flowsSeenAt(NOW)],
      flowsPage: FLOW_SORTS.flatMap((by) =>
        [true, false].map((ascends) => flows.flowsPage(NOW, WHERE, { by, ascends }, ascends)),
      ),
      durationAt: [flows.durationAt(NOW)],
      isSince: [flows.isSince('{from:UInt64}')],
      isBefore: [flows.isBefore('{to:UInt64}')],
      flowsCount: [flows.flowsCount(NOW, WHERE)],
      openFlowsBlock: [flows.openFlowsBlock(NOW, 20_000)],
      flowsWithFindingsBlock: [flows.flowsWithFindingsBlock(20_000)],
    },
  },
  lenses: {
    module: lenses,
    of: {
      traitCounts: [
        lenses.traitCounts(COUNTED, { families: ['node'], most: 10, measures: [] }),
        lenses.traitCounts(FEW, { families: ['segment'], most: 10, measures: ['ms', 'rank'] }),
        lenses.traitCounts(COUNTED, {
          ...{
            families: ['other'] as const,
            kinds: ['late', 'stuck'] as const,
            most: 10,
            measures: ['due', 'totalMs', 'newestMs', 'range', 'number', 'times'] as const,
            byType: true,
          },
        }),
        lenses.traitCounts(COUNTED, {
          ...{ families: ['mark'] as const, kinds: ['version'] as const, most: 10 },
          measures: ['times'],
        }),
      ],
      hasAny: [lenses.hasAny(['version'], ['mark'])],
      havingEdges: [lenses.havingEdges(COUNTED, [[2n, 18n], [34n]])],
      traitTrend: [lenses.traitTrend(COUNTED, 'failure', SINCE, 1000)],
      failureOrigins: [lenses.failureOrigins(COUNTED)],
      directlyFollows: [
        lenses.directlyFollows(COUNTED, 'start', 10),
        lenses.directlyFollows(COUNTED, 'end', 10),
      ],
      variantCounts: [lenses.variantCounts(COUNTED, 10)],
      variantsAmong: [lenses.variantsAmong(COUNTED)],
      variantOutcomes: [lenses.variantOutcomes(COUNTED)],
      variantVersions: [lenses.variantVersions(COUNTED, 6)],
      sampledIds: [lenses.sampledIds(COUNTED, 10)],
      joinedFamilies: [lenses.joinedFamilies(['node', 'mark'], ['node', 'version'])],
      hasFlag: [lenses.hasFlag('first')],
      isOf: [lenses.isOf(['node'])],
      attributeCounts: [lenses.attributeCounts(10)],
    },
  },
  logs: {
    module: logs,
    of: { logIndex: [logs.logIndex(20_001, false), logs.logIndex(20_001, true)] },
  },
  names: {
    module: names,
    of: {
      endOfNamesBlock: [names.endOfNamesBlock(100_000)],
      nameHashesBlock: [names.nameHashesBlock(NOW, SINCE)],
      loadedByNames: [names.loadedByNames('trace_ids'), names.loadedByNames('tokens', 50)],
    },
  },
  overview: {
    module: overview,
    of: {
      typeCounts: [overview.typeCounts(COUNTED, 200, 60_000)],
      heldTrend: [overview.heldTrend(COUNTED, SINCE, 60_000)],
    },
  },
  population: {
    module: population,
    of: {
      flowsIn: [COUNTED, FEW, KNOWN].map((counted) => population.flowsIn(counted, 'id')),
      isSampled: [population.isSampled(COUNTED), population.isSampled({ ...COUNTED, oneOf: 1 })],
      quantiles: [population.quantiles('ms', '1')],
      population: [population.population(COUNTED, 5000)],
      rowsBetween: [population.rowsBetween(WHERE)],
    },
  },
  relatives: { module: relatives, of: { flowsWithKeys: [relatives.flowsWithKeys(2)] } },
  schema: {
    module: schema,
    of: {
      modifyTtl: [schema.modifyTtl('records', 'TTL day + toIntervalDay(7)')],
      modifySetting: [schema.modifySetting('records', 'fsync_after_insert = 1')],
    },
  },
  search: {
    module: search,
    of: {
      searchWhere: [
        search.searchWhere(
          {
            types: ['order'],
            statuses: ['failed'],
            environments: ['prod'],
            services: ['shop'],
            incidents: [],
            key: 'order.id=42',
            from: unixNanos(1n),
            to: unixNanos(2n),
            limit: 1,
          },
          NOW,
        ).where,
        search.searchWhere({ types: [], key: '42', limit: 1 }, NOW).where,
        search.searchWhere({ types: ['order'], limit: 1 }, NOW, 'other_').where,
      ],
      queryWhere: [
        'type:order and (status:stuck or not service:ship*)',
        'failed:"Pay 100%_"',
        `id:${'a'.repeat(32)}`,
        `id:*${'a'.repeat(32)}`,
        'a*b text',
        'a'.repeat(32),
        'duration>5m and wait>=1s and quiet<2h and retries=1 and steps<=3',
        'since:1h before:5m',
        'OrderPlaced > Payment*',
        'OrderPlaced > PaymentCaptured within 15m',
        'OrderPlaced !> PaymentCaptured within 15m',
        'trait:9a0b3c4d5e6f7081 or trait:9a0b3c4d5e6f7080',
        'duration>p95',
        'error:"connection refused" @region:eu*',
      ].map(searched),
    },
  },
  system: {
    module: system,
    of: {
      latestParts: [system.latestParts(900)],
      checkPart: [system.checkPart(PART)],
      detachPart: [system.detachPart(PART)],
      readRowsOfPart: [system.readRowsOfPart(PART, 0, 64)],
      copyRowsOfPart: [system.copyRowsOfPart(PART, 0, 64)],
    },
  },
  unprojected: {
    module: unprojected,
    of: {
      tracesOfShare: [
        unprojected.tracesOfShare(SHARE, SINCE, false),
        unprojected.tracesOfShare(SHARE, SINCE, true),
      ],
      overlappingFlows: [unprojected.overlappingFlows(SHARE)],
    },
  },
  versions: {
    module: versions,
    of: {
      versionRuns: [versions.versionRuns(COUNTED)],
      versionsAmong: [versions.versionsAmong(COUNTED)],
    },
  },
};

/** Returns the queries of a module in the order of its exports. */
const queriesOf = (name: string): [name: string, text: string][] => {
  const { module, of } = MODULES[name]!;
  return Object.entries(module).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === 'string') return [[key, value]];
    if (typeof value !== 'function') return [];
    return (of[key] ?? []).map((text, i): [string, string] => [
      i > 0 ? `${key} ${i + 1}` : key,
      text,
    ]);
  });
};

describe('the SQL of the store', () => {
  test('every module of it is here, and every function', () => {
    const files = readdirSync(new URL('.', import.meta.url)).filter((file) =>
      file.endsWith('.sql.ts'),
    );
    expect(files.map((file) => file.replace('.sql.ts', '')).sort()).toEqual(Object.keys(MODULES));
    for (const { module, of } of Object.values(MODULES))
      expect(Object.keys(of).sort()).toEqual(
        Object.entries(module)
          .filter(([, value]) => typeof value === 'function')
          .map(([key]) => key)
          .sort(),
      );
  });

  // After a deliberate change of a query, run `npx vitest run server/src/store/sql -u`, and read
  // the difference.
  test.each(Object.keys(MODULES))('%s: is what its golden file says', async (name) => {
    const all = queriesOf(name).map(([key, text]) => `-- ${key}\n${text}\n`);
    await expect(all.join('\n')).toMatchFileSnapshot(`golden/${name}.sql`);
  });

  test.each(Object.keys(MODULES))('%s: has lines that people can read', (name) => {
    const lines = queriesOf(name).flatMap(([, text]) => text.split('\n'));
    expect(lines.filter((line) => line.length > 100 && !line.startsWith('--'))).toEqual([]);
  });
});

test('text that is put in is indented like the place where it stands', () => {
  const inner = sql`
    SELECT a
    FROM b`;
  expect(sql`
    SELECT x
    FROM (
      ${inner}
    )
    WHERE a IN ('  two  ')
  `).toBe("SELECT x\nFROM (\n  SELECT a\n  FROM b\n)\nWHERE a IN ('  two  ')");
  expect(sql`SELECT ${1}`).toBe('SELECT 1');
});
