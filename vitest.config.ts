import { defineConfig } from 'vitest/config';
import { defaultServerConditions } from 'vite';

const source = ['@fermata/source', ...defaultServerConditions];

export default defineConfig({
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
