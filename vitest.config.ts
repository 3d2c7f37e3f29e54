import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { defaultServerConditions } from 'vite';

/**
 * Export conditions by which imports are resolved. The condition `module` is left out, because the
 * ES builds of some packages import files without extensions, which Node rejects.
 */
const source = ['@fermata/source', ...defaultServerConditions.filter((name) => name !== 'module')];

/**
 * Test files that take long, in the order in which they start, before all other files. A long file
 * that starts last would leave the other core idle. Files that start many processes with brokers
 * are not adjacent, because two cores are too few for two such files at once.
 */
const LONG = [
  'test/e2e/scenarios',
  'test/load/absence',
  'membership.property',
  'correlate/many',
  'projection/projection',
  'engine/rebuild',
  'test/e2e/packages',
  'test/e2e/brokers',
  'test/e2e/kill',
  'test/e2e/browser',
  'test/e2e/hostile',
  'test/e2e/same-screen',
  'test/e2e/frameworks',
  'test/e2e/platforms',
  'test/e2e/alert-kill',
  'test/e2e/bad-input',
  'test/e2e/foreign-histories',
  'test/e2e/tasks',
  'query/lenses/lenses',
  'test/e2e/demo',
];
const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONG.findIndex((part) => moduleId.includes(part));
  return rank < 0 ? LONG.length : rank;
};
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((a, b) => rankOf(a) - rankOf(b));
  }
}

/**
 * Tests of functions without shared state: they use no server, database or environment variables.
 * Their files run one after another in one process, because loading the modules again for each file
 * took longer than the tests.
 */
const PURE = [
  'server/src/{base,model,normalize,timeline,expect,detect,alert,analyze,contract,words}/**/*.test.ts',
  'server/src/query/language/**/*.test.ts',
  'web/src/**/*.test.ts',
];

export default defineConfig({
  resolve: { mainFields: ['main'] },
  ssr: { resolve: { conditions: source } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: [
            'instrumentation/src/**/*.test.ts',
            'server/src/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...PURE],
        },
      },
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
    ],
    pool: 'forks',
    // Three workers keep two cores busy, because tests of servers and broker clients mostly wait.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { UV_THREADPOOL_SIZE: '16' },
  },
});
