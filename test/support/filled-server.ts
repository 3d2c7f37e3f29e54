import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FlowList } from '@fermata/server/contract';
import { checkCases } from '../scenarios/check.ts';
import { scenarioNamed } from '../scenarios/index.ts';
import { runScenario } from '../scenarios/run.ts';
import { eventually } from './eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from './server-process.ts';

/** A server with at least one object of each kind that the API can return. */
export interface FilledServer {
  server: ServerProcess;
  stop(): Promise<void>;
}

/**
 * Starts a server with a notification channel that works and one that fails. Sends it flows that
 * end, fail, are compensated and get stuck, with log records, so that there are open incidents of
 * each kind.
 */
export async function startFilledServer(): Promise<FilledServer> {
  const directory = freshDirectory();
  const receiver = createServer((request, response) => {
    request.resume();
    response.end('ok');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  const alerts = join(directory.path, 'alerts.yaml');
  writeFileSync(alerts, alertsFile(port, await closedPort()));
  const server = await startServer(join(directory.path, 'data'), {
    FERMATA_ALERTS: alerts,
    FERMATA_ALERT_ALLOW: '127.0.0.1',
    FERMATA_SETTLE: '1s',
    FERMATA_STUCK_FLOOR: '1s',
    FERMATA_LOGS: 'all',
  });
  const stop = async (): Promise<void> => {
    await server.end('SIGTERM');
    receiver.close();
    receiver.closeAllConnections();
    directory.remove();
  };
  await fill(server).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { server, stop };
}

const alertsFile = (takes: number, refuses: number): string => `
channels:
  - { name: takes, kind: webhook, url: "http://127.0.0.1:${takes}/hook" }
  - { name: refuses, kind: webhook, url: "http://127.0.0.1:${refuses}/hook" }
routes:
  - severity: [critical, warning, info]
    channels: [takes, refuses]
    groupWait: 1s
    escalate: { after: 1h, to: takes }
    mute: [{ days: [sat, sun], from: "22:00", to: "22:01", timezone: Europe/Berlin }]
rules:
  - { name: of-the-file, query: "duration>1h", for: 1m, severity: info }
`;

/** Returns a port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function fill(server: ServerProcess): Promise<void> {
  const scenario = scenarioNamed('partial-write');
  const running = await runScenario(scenario, { otlp: server.otlp, backoffMs: 100 });
  try {
    await checkCases(scenario, running, { web: server.web, patienceMs: 10_000, prefix: 'c-' });
  } finally {
    await running.stop();
  }
  await getStuck(server);
  await sendLogs(server, await anyTrace(server));
  await eventually(async () => {
    for (const [list, least] of [
      ['incidents', 3],
      ['alerts/notifications', 2],
    ] as const) {
      const answer = await fetch(`${server.web}/api/v1/${list}`);
      const { items } = (await answer.json()) as { items: unknown[] };
      if (items.length < least) throw new Error(`there are only ${items.length} ${list}`);
    }
  });
}

/** Sends a flow with a definition whose second step never comes. */
async function getStuck(server: ServerProcess): Promise<void> {
  const steps = [{ name: 'order' }, { name: 'ship', after: ['order'], within: '1s' }];
  await post(`${server.web}/api/v1/definitions`, { flows: { awaited: { steps } } });
  const text = (key: string, value: string): object => ({ key, value: { stringValue: value } });
  const attributes = [
    text('fermata.flow.id', 'awaited-1'),
    text('fermata.flow.type', 'awaited'),
    text('fermata.step.name', 'order'),
  ];
  const times = { startTimeUnixNano: nanos(-60_000), endTimeUnixNano: nanos(-59_000) };
  const ids = { traceId: 'ab'.repeat(16), spanId: 'ab'.repeat(8) };
  const spans = [{ ...ids, ...times, name: 'order', kind: 1, attributes }];
  const resource = { attributes: [text('service.name', 'shop')] };
  await post(`${server.otlp}/v1/traces`, {
    resourceSpans: [{ resource, scopeSpans: [{ spans }] }],
  });
  await eventually(async () => {
    const list = await fetch(`${server.web}/api/v1/flows?status=stuck`);
    if (((await list.json()) as FlowList).total === 0) throw new Error('no flow is stuck yet');
  });
}

const nanos = (afterMs: number): string => `${Date.now() + afterMs}000000`;

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url} refused it: ${await answer.text()}`);
}

const anyTrace = (server: ServerProcess): Promise<string> =>
  eventually(async () => {
    const list = await fetch(`${server.web}/api/v1/flows?status=failed`);
    const [flow] = ((await list.json()) as FlowList).items;
    if (flow === undefined) throw new Error('no flow has failed yet');
    const spans = await fetch(`${server.web}/api/v1/flows/${flow.id}/spans`);
    return ((await spans.json()) as { items: { traceId: string }[] }).items[0]!.traceId;
  });

async function sendLogs(server: ServerProcess, traceId: string): Promise<void> {
  const record = (severityNumber: number, body: string): object => ({
    ...{ traceId, severityNumber, timeUnixNano: nanos(0) },
    body: { stringValue: body },
    attributes: [{ key: 'attempt', value: { intValue: '2' } }],
  });
  const logRecords = [record(9, 'begun'), record(17, 'declined'), record(0, 'of no level')];
  await post(`${server.otlp}/v1/logs`, {
    resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords }] }],
  });
}
