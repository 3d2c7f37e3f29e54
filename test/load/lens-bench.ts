import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createCounters,
  createStore,
  silentLog,
  systemClock,
  type Flow,
} from '@fermata/server/lab';

/**
 * This is `npm run bench -- --query [flows] [rounds]`. It times all lenses (statistics over many
 * flows), the flow list and a single flow over REST, with one million flows of ten spans by
 * default. The data is generated once, into a temporary directory that later runs reuse.
 */
const given = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const [flowCount = 1_000_000, rounds = 12] = given.map(Number);
const DAY_MS = 86_400_000;
const DAYS = 10;
const TYPES = 30;
const STEPS = 5;
const END_MS = Date.UTC(2026, 10, 1);
const directory = join(tmpdir(), `fermata-lens-bench-${flowCount}`);
const root = fileURLToPath(new URL('../../..', import.meta.url));

if (!existsSync(join(directory, 'seeded'))) await seed();
const { child, web } = await startServer();
const day = (n: number): string => new Date(END_MS - n * DAY_MS).toISOString();
const aDay = `type=type-3&from=${day(5)}&to=${day(4)}`;
const LENSES = [
  ...['map', 'variants', 'latency', 'failures', 'coordination', 'trend'],
  'differences?q=status:failed',
  'latency?between=step-3-0..step-3-4',
];
const rows: Record<string, object> = {};
for (const lens of LENSES)
  for (const [what, filter] of [
    ['a day of one type', aDay],
    ['everything', ''],
  ] as const) {
    const path = `/api/v1/lenses/${lens}${lens.includes('?') ? '&' : '?'}${filter}`;
    rows[`${lens}, ${what}`] = await timed(() => path);
  }
rows['flow list'] = await timed(() => '/api/v1/flows?limit=100');
rows['flow list of a query'] = await timed(
  () => `/api/v1/flows?limit=100&q=${encodeURIComponent('status:failed duration>1s')}`,
);
rows['a flow'] = await timed((i) => `/api/v1/flows/${idOf(Math.floor((i * flowCount) / 13))}`);
console.table(rows);
child.kill('SIGTERM');

async function timed(pathOf: (round: number) => string): Promise<object> {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round <= rounds; round++) {
    const from = performance.now();
    const response = await fetch(`${web}${pathOf(round)}`);
    const text = await response.text();
    if (!response.ok) throw new Error(`${pathOf(round)}: ${text}`);
    bytes = text.length;
    // The first request is not counted, because the server may still have to load names that it
    // caches.
    if (round > 0) times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const at = (rank: number): number => Math.round(times[Math.ceil(rank * times.length) - 1]!);
  return { 'p50 ms': at(0.5), 'p95 ms': at(0.95), 'answer KB': Math.round(bytes / 1024) };
}

function idOf(i: number): string {
  // Multiplying spreads the ids over the whole range, like random ones.
  const high = Math.imul(i + 1, 0x9e3779b1) >>> 0;
  return high.toString(16).padStart(8, '0') + i.toString(16).padStart(16, '0');
}

async function seed(): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const store = createStore({
    clickhouseUrl: '',
    directory,
    cluster: '',
    retentionDays: 36_500,
    memoryLimitBytes: 0,
    clock: systemClock(),
    counters: createCounters(),
    log: silentLog,
  });
  await store.start();
  for (let from = 0; from < flowCount; from += 5000) {
    const flows = Array.from({ length: Math.min(5000, flowCount - from) }, (_, i) =>
      flowAt(from + i),
    );
    await store.insertFlows(
      flows.map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
      1,
      () => 0,
    );
    if (from % 50_000 === 0) process.stdout.write(`seeded ${from} of ${flowCount} flows\n`);
  }
  await store.stop();
  writeFileSync(join(directory, 'seeded'), '');
}

/**
 * Returns a flow of five steps and ten spans. Its type, variant, failures and times depend on `i`.
 */
function flowAt(i: number): Flow {
  let state = i + 1;
  const roll = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
  for (let warm = 0; warm < 3; warm++) roll();
  const type = i % TYPES;
  const id = idOf(i);
  const trace = id.padEnd(32, '0');
  const startMs = END_MS - DAYS * DAY_MS + Math.floor((i / flowCount) * DAYS * DAY_MS);
  const nanos = (ms: number) => BigInt(Math.round(ms * 1e6)) as Flow['started'];
  const failed = roll() < 0.02;
  const count = failed ? 1 + Math.floor(roll() * STEPS) : roll() < 0.1 ? STEPS - 1 : STEPS;
  let at = startMs;
  const steps: Flow['steps'] = [];
  const hops: Flow['hops'] = [];
  const members: string[] = [];
  for (let k = 0; k < count; k++) {
    const waitMs = k === 0 ? 0 : 1 + roll() * roll() * 900;
    const sent = at;
    at += waitMs;
    const start = at;
    at += 1 + roll() * roll() * 200;
    const isFailure = failed && k === count - 1;
    const stepId = `${id.slice(0, 8)}${k}`;
    const error = isFailure
      ? { type: 'TimeoutError', message: `request ${i} took ${Math.round(roll() * 9000)} ms` }
      : null;
    steps.push({
      ...{ id: stepId, typeKey: `t${type}.${k}`, name: `step-${type}-${k}` },
      ...{ service: `service-${(type * 3 + k) % 40}`, serviceVersion: `1.${Math.floor(i / 1e5)}` },
      ...{ instance: `pod-${i % 8}`, kind: 'event', status: isFailure ? 'failed' : 'ok' },
      ...{ result: null, attempts: [], start: nanos(start), end: nanos(at), skewMs: 0 },
      ...{ causedBy: [], compensates: null, compensatedBy: [], error, spanIds: [], traceId: trace },
      ...{ shared: false, badges: [], receivedMs: at, endReceivedMs: at, aliveMs: at },
      ...{ failureReceivedMs: null, deadlineMs: null, itinerary: [] },
    });
    if (k > 0)
      hops.push({
        id: `${stepId}h`,
        message: {
          ...{ kind: 'event', type: `Event${type}.${k}`, id: '', system: 'kafka' },
          destination: `topic-${k}`,
        },
        ...{ from: steps[k - 1]!.id, to: stepId, consumerGroup: null, state: 'delivered' },
        ...{ attempts: 1, sendSpanId: null, receiveSpanId: null, sent: nanos(sent) },
        ...{ received: nanos(start), returned: null, waitMs, skewed: false, sync: false },
        ...{ evidence: [], confidence: 1 },
      });
    members.push(trace + `${k}`.padStart(16, '0'), trace + `a${k}`.padStart(16, '0'));
  }
  const outcome = failed ? 'failed' : 'completed';
  return {
    ...{ id, environment: 'production', type: `type-${type}`, typeVersion: '', deadlineMs: null },
    ...{ expects: [], key: `order-${i}`, run: 1, phase: 'ended', outcome, idleOutcome: null },
    ...{ health: 'ok', status: outcome, statusSince: nanos(at), started: nanos(startMs) },
    ...{ lastProgress: nanos(at), ended: nanos(at), durationMs: at - startMs },
    ...{ rawDurationMs: at - startMs, failedSteps: failed ? 1 : 0 },
    services: [...new Set(steps.map((step) => step.service))].sort(),
    ...{ keys: [['customer', `c-${i % 5000}`]], parentId: null, incomplete: false },
    ...{ truncated: false, badges: [], steps, hops, relations: [], unattributed: [], aliases: [] },
    ...{ spanCount: members.length, members, context: [], flowId: `order-${i}`, tokens: [] },
    ...{ lastReceivedMs: at, waitingFor: [], findings: [], lookAtMs: null },
  };
}

async function startServer() {
  const child = spawn(process.execPath, [join(root, 'server/dist/main.js')], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      UV_THREADPOOL_SIZE: '16',
      FERMATA_DATA_DIR: directory,
      FERMATA_RETENTION: '36500d',
      FERMATA_PORT: '0',
      FERMATA_OTLP_HTTP_PORT: '0',
      FERMATA_OTLP_GRPC_PORT: '0',
      FERMATA_LOG_LEVEL: 'warn',
    },
  });
  const ports = await new Promise<{ web: number }>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { ports: { web: number } }).ports));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, web: `http://127.0.0.1:${ports.web}` };
}
