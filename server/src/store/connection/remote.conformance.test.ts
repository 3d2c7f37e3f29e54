import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../base/log.ts';
import { createStore } from '../index.ts';
import { describeStore } from '../../testing/store-conformance.ts';

describeStore('remote', async (clock, counters) => {
  const child = fork(
    fileURLToPath(new URL('../../testing/clickhouse-double.ts', import.meta.url)),
    {
      execArgv: ['--import', 'tsx'],
    },
  );
  const port = await new Promise<number>((resolve) =>
    child.once('message', (message) => resolve((message as { port: number }).port)),
  );
  const store = createStore({
    clickhouseUrl: `http://127.0.0.1:${port}`,
    directory: '',
    cluster: '',
    retentionDays: 3650,
    memoryLimitBytes: 0,
    clock,
    counters,
    log: silentLog,
  });
  return { store, close: async () => void child.kill('SIGKILL') };
});
