import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freshDirectory } from '../support/server-process.ts';

/**
 * Measures response times of a server while many messages have the same few ids (such as delivery
 * tags or packet ids) or belong to the same conversation, long after the first flows were evicted
 * from memory. It also measures how the server stops under this load.
 */
export const KINDS = [
  'unique',
  /** Message ids repeat, and each hop also has a span link. */
  'reused',
  /** Message ids repeat, and only they connect a message to its flow. */
  'unlinked',
  /** Message ids repeat, and only the receiver sets them; the sender omits them. */
  'taken',
  'conversation',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Played {
  kind: Kind;
  shipments: number;
  /** Response times for flows that share no ids with others, ms. */
  bystanderP50: number;
  bystanderP99: number;
  answersP99: number;
  reloadedFlows: number;
  cut: number;
  worthless: number;
  /** Exit code after SIGTERM, sent while requests are being handled. */
  exitCode: number | null;
  stoppedInMs: number;
  stderr: string;
}

const SERVICES = ['booking', 'customs', 'carrier', 'depot', 'driver', 'customer'];
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

export async function playReusedIds(kind: Kind, minutes: number, perSecond = 10): Promise<Played> {
  const directory = freshDirectory();
  const server = await startServer(directory.path);
  let count = 0;
  const shipment = (): object => {
    const number = count++;
    const message = kind === 'unique' ? hex(8) : `${(number % 9) + 1}`;
    const at = BigInt(Date.now() - 500) * 1_000_000n;
    const spans: { service: string; span: object }[] = [];
    let last = { traceId: hex(16), spanId: hex(8) };
    const put = (
      service: string,
      kindNumber: number,
      name: string,
      ms: number,
      more: object,
      said: object[],
    ): void => {
      const start = at + BigInt(ms) * 1_000_000n;
      spans.push({
        service,
        span: {
          ...last,
          name,
          kind: kindNumber,
          startTimeUnixNano: String(start),
          endTimeUnixNano: String(start + 2_000_000n),
          attributes: said,
          ...more,
        },
      });
    };
    put(SERVICES[0]!, 2, 'POST /shipments', 0, {}, [
      text('http.route', '/shipments'),
      text('fermata.flow.id', hex(8)),
    ]);
    SERVICES.slice(1).forEach((service, i) => {
      const saidBy = (role: string): object[] => [
        text('messaging.system', 'rabbitmq'),
        text('messaging.operation.type', role),
        text('messaging.destination.name', `ship.${i}`),
        ...(kind === 'conversation'
          ? [text('messaging.message.conversation_id', 'default')]
          : kind === 'taken' && role === 'send'
            ? []
            : [text('messaging.message.id', message)]),
      ];
      const parentSpanId = last.spanId;
      last = { traceId: last.traceId, spanId: hex(8) };
      put(SERVICES[i]!, 4, `send ship.${i}`, 20 + i * 50, { parentSpanId }, saidBy('send'));
      const link = last;
      last = { traceId: hex(16), spanId: hex(8) };
      put(
        service,
        5,
        `process ship.${i}`,
        40 + i * 50,
        kind === 'unlinked' ? {} : { links: [link] },
        saidBy('process'),
      );
    });
    return request(spans);
  };
  const issue = (): object =>
    request([
      {
        service: 'newsletter',
        span: {
          traceId: hex(16),
          spanId: hex(8),
          name: 'send issue',
          kind: 1,
          startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
          endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
          attributes: [text('fermata.flow.id', hex(6)), text('fermata.flow.type', 'newsletter')],
        },
      },
    ]);

  const answers: number[] = [];
  const bystander: number[] = [];
  const open = new Set<Promise<unknown>>();
  let stopping = false;
  const post = (body: object, into: number[]): void => {
    const began = performance.now();
    const answer = fetch(`${server.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
      .then((response) => response.arrayBuffer())
      .then(
        () => stopping || into.push(performance.now() - began),
        () => stopping || into.push(60_000),
      )
      .finally(() => open.delete(answer));
    open.add(answer);
  };
  const until = Date.now() + minutes * 60_000;
  while (Date.now() < until) {
    post(shipment(), answers);
    if (count % 5 === 0) post(issue(), bystander);
    await pause(1000 / perSecond);
  }
  const metrics = await (await fetch(`${server.web}/metrics`)).text();
  const metric = (name: string): number =>
    Number(new RegExp(`^${name} (\\d+)`, 'm').exec(metrics)?.[1] ?? 0);
  for (let i = 0; i < 50; i++) post(shipment(), answers);
  stopping = true;
  const began = performance.now();
  const exitCode = await server.stop();
  const stoppedInMs = Math.round(performance.now() - began);
  await Promise.allSettled(open);
  directory.remove();
  return {
    kind,
    shipments: count,
    bystanderP50: quantile(bystander, 0.5),
    bystanderP99: quantile(bystander, 0.99),
    answersP99: quantile(answers, 0.99),
    reloadedFlows: metric('fermata_reloaded_flows_total'),
    cut: metric('fermata_reloads_cut_short_total'),
    worthless: metric('fermata_worthless_names'),
    exitCode,
    stoppedInMs,
    stderr: server.stderr(),
  };
}

/** Starts the built server, because a server that runs from source would take too long to start. */
async function startServer(directory: string): Promise<{
  web: string;
  otlp: string;
  stderr(): string;
  stop(): Promise<number | null>;
}> {
  const main = fileURLToPath(new URL('../../../server/dist/main.js', import.meta.url));
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {
      ...process.env,
      FERMATA_DATA_DIR: directory,
      FERMATA_PORT: '0',
      FERMATA_OTLP_HTTP_PORT: '0',
      FERMATA_OTLP_GRPC_PORT: '0',
      FERMATA_LOG_LEVEL: 'warn',
      FERMATA_UNLOAD: '10s',
      FERMATA_SETTLE: '5s',
    },
  });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-200)));
  const ports = await new Promise<{ web: number; otlpHttp: number }>((resolve) =>
    child.once('message', (message) =>
      resolve((message as { ports: { web: number; otlpHttp: number } }).ports),
    ),
  );
  return {
    web: `http://127.0.0.1:${ports.web}`,
    otlp: `http://127.0.0.1:${ports.otlpHttp}`,
    stderr: () => said,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', (code) => resolve(code));
        child.kill('SIGTERM');
      }),
  };
}

function request(spans: readonly { service: string; span: object }[]): object {
  return {
    resourceSpans: spans.map(({ service, span }) => ({
      resource: { attributes: [text('service.name', service)] },
      scopeSpans: [{ scope: { name: 'load' }, spans: [span] }],
    })),
  };
}

const quantile = (values: readonly number[], share: number): number =>
  Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN);
