import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';

/**
 * This is `npm run bench`. It starts a fresh server and sends pre-encoded OTLP from another
 * process. It prints a table and writes JSON to bench-results/. Numbers of one run can be compared
 * with each other; between runs, only their ratios can.
 */
interface Sent {
  accepted: number;
  refused: number;
  perSecond: number;
  p50: number;
  p99: number;
  elapsed: number;
}
const root = fileURLToPath(new URL('../../..', import.meta.url));
const generator = fileURLToPath(new URL('./generator.js', import.meta.url));
interface Server {
  measure(seconds: number, connections: number, rate: number): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

async function startServer(settings: Record<string, string> = {}): Promise<Server> {
  const data = mkdtempSync(join(tmpdir(), 'fermata-bench-'));
  const server = spawn(
    process.execPath,
    ['--max-semi-space-size=64', ...process.argv.slice(2), join(root, 'server/dist/main.js')],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: '16',
        NODE_OPTIONS: '--max-old-space-size=2000',
        FERMATA_DATA_DIR: data,
        FERMATA_PORT: '0',
        FERMATA_OTLP_HTTP_PORT: '0',
        FERMATA_OTLP_GRPC_PORT: '0',
        FERMATA_LOG_LEVEL: 'warn',
        ...settings,
      },
    },
  );
  const ports = await new Promise<{ web: number; otlpHttp: number }>((resolve) =>
    server.once('message', (message) =>
      resolve((message as { ports: { web: number; otlpHttp: number } }).ports),
    ),
  );
  const otlp = `http://127.0.0.1:${ports.otlpHttp}`;

  /** Returns the CPU time of the server so far over all threads, s. */
  const cpu = (): number => {
    const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(stat[11]) + Number(stat[12])) / 100;
  };
  const rssMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024;
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${ports.web}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  };
  const run = async (seconds: number, connections: number, rate: number): Promise<Sent> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      generator,
      otlp,
      String(seconds),
      String(connections),
      String(rate),
    ]);
    return JSON.parse(stdout) as Sent;
  };
  /**
   * Resolves when the flow rows of all sent spans are written, because writing them is part of the
   * cost of the spans.
   */
  const drained = async (): Promise<void> => {
    await eventually(async () => {
      const left = await metric('fermata_flows_to_write');
      if (left > 0) throw new Error(`${left} flows are still not written`);
    }, 120_000);
  };
  await run(4, 8, 0); // warm-up
  await drained();
  return {
    async measure(seconds, connections, rate) {
      const [cpuBefore, rowsBefore, from] = [
        cpu(),
        await metric('fermata_flow_rows_total'),
        performance.now(),
      ];
      const sent = await run(seconds, connections, rate);
      await drained();
      const took = (performance.now() - from) / 1000;
      return {
        'spans/s committed': Math.round(sent.perSecond),
        'server CPU µs/span': Number((((cpu() - cpuBefore) * 1e6) / sent.accepted).toFixed(1)),
        'ack p50 ms': Number(sent.p50.toFixed(1)),
        'ack p99 ms': Number(sent.p99.toFixed(1)),
        'RSS MiB': Math.round(rssMiB()),
        'flow rows/s': Math.round(((await metric('fermata_flow_rows_total')) - rowsBefore) / took),
        refused: sent.refused,
      };
    },
    async stop() {
      server.kill('SIGTERM');
      await new Promise((resolve) => server.once('exit', resolve));
      rmSync(data, { recursive: true, force: true });
    },
  };
}

const results: Record<string, Record<string, number>> = {};
const server = await startServer();
results['as fast as it takes'] = await server.measure(15, 8, 0);
results['at 5,000 spans/s'] = await server.measure(12, 64, 5000);
results['at 10,000 spans/s'] = await server.measure(12, 64, 10_000);
await server.stop();
// A second server runs without expectations; the difference shows what these cost.
const blind = await startServer({ FERMATA_EXPECT: 'off' });
results['at 10,000 spans/s, nothing expected'] = await blind.measure(12, 64, 10_000);
await blind.stop();
process.stdout.write(
  `node ${process.version}, 10 spans a flow, 12 attributes, a link on every fourth span\n`,
);
console.table(results);
mkdirSync(join(root, 'bench-results'), { recursive: true });
writeFileSync(join(root, 'bench-results/bench.json'), `${JSON.stringify(results, null, 2)}\n`);
