import { defineConfig } from 'vitest/config';
import { defaultServerConditions } from 'vite';

/**
 * Without `module`: some packages' ES builds import files without extensions, which Node refuses.
 */
const source = ['@fermata/source', ...defaultServerConditions.filter((name) => name !== 'module')];

export default defineConfig({
  resolve: { mainFields: ['main'] },
  ssr: { resolve: { conditions: source } },
  test: {
    include: [
      'instrumentation/src/**/*.test.ts',
      'server/src/**/*.test.ts',
      'web/src/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    pool: 'forks',
    // Two cores; most tests start servers of their own.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    env: { UV_THREADPOOL_SIZE: '16' },
  },
});
