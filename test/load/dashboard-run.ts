import { randomBytes } from 'node:crypto';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { encodeJson } from '@fermata/server/testing';
import { findBrowser, launch } from '../support/browser.ts';
import { freshDirectory } from '../support/server-process.ts';

/**
 * This is `npm run dashboard`. It opens the dashboard in a browser while the server has many flows.
 * It prints the time to the overview's headline and the longest tasks while a list and a large flow
 * are scrolled. If live minutes are given, it also prints the growth of memory and the longest task
 * while flows arrive.
 */
const [flows = '100000', steps = '10000', liveMinutes = '0', perSecond = '200'] =
  process.argv.slice(2);
const SPANS_PER_FLOW = 10;
const SEED_SPANS_PER_SECOND = 6_000;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const main = fileURLToPath(new URL('../../../server/dist/main.js', import.meta.url));
const generator = fileURLToPath(new URL('generator.js', import.meta.url));

interface Ports {
  web: number;
  otlpHttp: number;
}
const data = freshDirectory();
const server = spawn(process.execPath, ['--max-semi-space-size=64', main], {
  cwd: root,
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  env: {
    ...process.env,
    ...{ UV_THREADPOOL_SIZE: '16', FERMATA_DATA_DIR: data.path, FERMATA_LOG_LEVEL: 'error' },
    ...{ FERMATA_PORT: '0', FERMATA_OTLP_HTTP_PORT: '0', FERMATA_OTLP_GRPC_PORT: '0' },
  },
});
const { ports } = await new Promise<{ ports: Ports }>((resolve) =>
  server.once('message', (message) => resolve(message as { ports: Ports })),
);
const web = `http://127.0.0.1:${ports.web}`;
const otlp = `http://127.0.0.1:${ports.otlpHttp}`;

/** Sends spans at a constant rate for a time. */
function generate(seconds: number, spansPerSecond: number): Promise<void> {
  const child = spawn(
    process.execPath,
    [generator, otlp, String(seconds), '8', String(spansPerSecond)],
    { stdio: 'ignore' },
  );
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Sends one flow of many steps, each caused by a message of the previous one. */
async function sendLargeFlow(count: number): Promise<string> {
  const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
  const id = `large-${hex(4)}`;
  const from = BigInt(Date.now()) * 1_000_000n - BigInt(count) * 50_000_000n;
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: hex(16),
    spanId: hex(8),
    name: `process step-${i % 40}`,
    kind: 5,
    startTimeUnixNano: String(from + BigInt(i) * 50_000_000n),
    endTimeUnixNano: String(from + BigInt(i) * 50_000_000n + 30_000_000n),
    attributes: Object.entries({
      'fermata.flow.id': id,
      'fermata.flow.type': 'large',
      'messaging.system': 'bus',
      'messaging.operation.type': 'process',
      'messaging.destination.name': `step-${i % 40}`,
    }).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    ...(i % 997 === 5 && { status: { code: 2, message: 'it failed' } }),
  }));
  for (let at = 0; at < spans.length; at += 500) {
    const scopeSpans = [{ scope: {}, spans: spans.slice(at, at + 500) }];
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'plant' } }] };
    await fetch(`${otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(encodeJson({ resourceSpans: [{ resource, scopeSpans }] })),
    });
  }
  return id;
}

const cpuMs = (): number => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Returns the server's CPU use over a time, in percent of one core. */
async function loadOver(ms: number): Promise<number> {
  const [before, at] = [cpuMs(), performance.now()];
  await pause(ms);
  return ((cpuMs() - before) / (performance.now() - at)) * 100;
}
/**
 * Waits until the server has processed and written everything that was sent, which is seen by its
 * CPU use.
 */
async function quiet(): Promise<void> {
  for (let i = 0; i < 60; i++) if ((await loadOver(5_000)) < 5) return;
}

/** Records long tasks (above 50 ms) of the page's main thread, as the browser reports them. */
const watchTasks = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const tasks: number[] = [];
    (globalThis as unknown as { tasks: number[] }).tasks = tasks;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(Math.round(duration));
    }).observe({ type: 'longtask' as never, buffered: true });
  });
const takeTasks = (page: Page): Promise<number[]> =>
  page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks.splice(0));
const longest = (tasks: number[]): string =>
  tasks.length === 0 ? 'none above 50 ms' : `${Math.max(...tasks)} ms (${tasks.length} above 50)`;

async function scroll(page: Page, x: number, y: number): Promise<number[]> {
  await page.mouse.move(x, y);
  await takeTasks(page);
  for (let i = 0; i < 60; i++) {
    await page.mouse.wheel(0, i < 45 ? 400 : -700);
    await pause(50);
  }
  return takeTasks(page);
}

/** Returns the slope of the regression line through the points (least squares). */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const n = points.length;
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const over = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  return over / points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

/**
 * Returns the server's CPU use without and with an open overview while flows arrive, in percent of
 * one core. Both are measured twice, by turns, because the CPU use drifts over time: only what is
 * more than the two values of one kind differ is the tab's.
 */
async function costOfTab(page: Page): Promise<string> {
  const sending = generate(130, Number(perSecond) * SPANS_PER_FLOW);
  const loads: Record<'with' | 'without', number[]> = { with: [], without: [] };
  for (const turn of ['without', 'with', 'without', 'with'] as const) {
    await page.goto(turn === 'with' ? `${web}/` : 'about:blank');
    // The pause excludes the cost of opening the page, which is measured elsewhere.
    await pause(5_000);
    loads[turn].push(await loadOver(25_000));
  }
  await sending;
  const both = (of: number[]): string => of.map((one) => one.toFixed(1)).join(' and ');
  return `${both(loads.without)}, ${both(loads.with)}`;
}

async function stayLive(page: Page, minutes: number): Promise<object> {
  const session = await page.context().newCDPSession(page);
  const points: [number, number][] = [];
  const tasks: number[] = [];
  const sending = generate(minutes * 60, Number(perSecond) * SPANS_PER_FLOW);
  const until = Date.now() + minutes * 60_000;
  while (Date.now() < until) {
    await pause(10_000);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    points.push([(Date.now() - until) / 3_600_000, usedSize / 1_048_576]);
    tasks.push(...(await takeTasks(page)));
    process.stderr.write(`heap ${(usedSize / 1_048_576).toFixed(1)} MiB, ${longest(tasks)}\n`);
  }
  await sending;
  // The first third of the samples is dropped, because the page's buffers are still filling then.
  const settled = points.slice(Math.floor(points.length / 3));
  return {
    'heap at the end, MiB': points.at(-1)![1].toFixed(1),
    'growth, MiB/h': slopeOf(settled).toFixed(2),
    'longest task': longest(tasks),
  };
}

const result: Record<string, unknown> = { flows, steps };
const large = await sendLargeFlow(Number(steps));
await generate((Number(flows) * SPANS_PER_FLOW) / SEED_SPANS_PER_SECOND, SEED_SPANS_PER_SECOND);
await quiet();
const alone = await loadOver(20_000);
const browser = await launch(findBrowser()!);
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await watchTasks(page);
  const opened = async (address: string, selector: string): Promise<number> => {
    await page.goto(`${web}${address}`, { waitUntil: 'commit' });
    await page.waitForSelector(selector);
    return page.evaluate(() => Math.round(performance.now()));
  };
  await opened('/', 'main h1, main h2');
  result['overview, ms to its headline'] = await opened('/', 'main h1, main h2');
  result['tasks while it opens'] = longest(await takeTasks(page));
  // The pause excludes the cost of opening the page, which is measured above.
  await pause(5_000);
  const watched = await loadOver(60_000);
  result['CPU of the server without and with a tab, %'] =
    `${alone.toFixed(1)}, ${watched.toFixed(1)}`;
  result['list, ms to its first row'] = await opened('/flows', '.body .row[role=row]');
  result['list, longest task while scrolled'] = longest(await scroll(page, 700, 600));
  result['flow, ms to its first step'] = await opened(`/flow/${large}`, 'button.bar');
  result['flow, tasks while it opens'] = longest(await takeTasks(page));
  result['flow, longest task while scrolled'] = longest(await scroll(page, 700, 500));
  if (Number(liveMinutes) > 0) {
    result['CPU of the server while flows arrive, without and with a tab, %'] =
      await costOfTab(page);
    await opened('/', 'main h1, main h2');
    Object.assign(result, await stayLive(page, Number(liveMinutes)));
  }
} finally {
  await browser.close();
  server.kill('SIGTERM');
  await new Promise((resolve) => server.once('exit', resolve));
  data.remove();
}
console.table(result);
