import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { encodeJson } from '@fermata/server/testing';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * This test kills the server with `kill -9` at random moments under load. Afterwards every
 * acknowledged span must be stored, and the timelines must equal those of an uninterrupted run.
 * KILLS sets the number of kills, such as 20 for a long series.
 */
const KILLS = Number(process.env['KILLS'] ?? 2);
vi.setConfig({ testTimeout: 300_000 + 30_000 * KILLS });
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
interface SentFlow {
  id: string;
  /** Two requests, one per service. Each may be acknowledged or not. */
  halves: [Buffer, Buffer];
  acked: [boolean, boolean];
  spanIds: [string[], string[]];
}

function aFlow(number: number): SentFlow {
  const id = `kill-${number}`;
  const traces = [hex(16), hex(16)];
  const send = hex(8);
  const at = BigInt(Date.now()) * 1_000_000n;
  const flow = [
    { key: 'fermata.flow.id', value: { stringValue: id } },
    { key: 'fermata.flow.type', value: { stringValue: 'kill' } },
  ];
  const messaging = (operation: string): object[] => [
    { key: 'messaging.system', value: { stringValue: 'bus' } },
    { key: 'messaging.destination.name', value: { stringValue: 'q' } },
    { key: 'messaging.operation.type', value: { stringValue: operation } },
  ];
  const times = (ms: number): object => ({
    startTimeUnixNano: String(at + BigInt(ms) * 1_000_000n),
    endTimeUnixNano: String(at + BigInt(ms + 5) * 1_000_000n),
  });
  const body = (service: string, spans: object[]): Buffer =>
    encodeJson({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
          scopeSpans: [{ scope: {}, spans }],
        },
      ],
    });
  const inner = Array.from({ length: 15 }, () => hex(8));
  const receive = hex(8);
  const innerB = Array.from({ length: 15 }, () => hex(8));
  return {
    id,
    halves: [
      body('a', [
        {
          traceId: traces[0],
          spanId: send,
          name: 'send',
          kind: 4,
          ...times(0),
          attributes: [...flow, ...messaging('send')],
        },
        ...inner.map((spanId, i) => ({
          traceId: traces[0],
          spanId,
          parentSpanId: send,
          name: `work ${i}`,
          kind: 1,
          ...times(0),
          attributes: flow,
        })),
      ]),
      body('b', [
        {
          traceId: traces[1],
          spanId: receive,
          name: 'process',
          kind: 5,
          ...times(20),
          attributes: [...flow, ...messaging('process')],
          links: [{ traceId: traces[0], spanId: send }],
        },
        ...innerB.map((spanId, i) => ({
          traceId: traces[1],
          spanId,
          parentSpanId: receive,
          name: `work ${i}`,
          kind: 1,
          ...times(21),
          attributes: flow,
        })),
      ]),
    ],
    acked: [false, false],
    spanIds: [
      [send, ...inner],
      [receive, ...innerB],
    ],
  };
}

async function post(server: ServerProcess, body: Buffer): Promise<boolean> {
  try {
    const response = await fetch(`${server.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
    });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

const MIN_ANSWERS = 100;

test(`nothing acknowledged is lost over ${KILLS} kills`, async () => {
  const directory = freshDirectory();
  const flows: SentFlow[] = [];
  let server = await startServer(directory.path, { FERMATA_SETTLE: '1s' });
  let number = 0;
  let sendingMs = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    let killed = false;
    // The kill waits until the server has answered some requests. A fixed time would not do,
    // because on a busy machine it may pass without any answer.
    let left = MIN_ANSWERS;
    let enough = (): void => undefined;
    const answered = new Promise<void>((resolve) => (enough = resolve));
    const senders = Array.from({ length: 24 }, async () => {
      while (!killed) {
        const flow = aFlow(number++);
        flows.push(flow);
        for (const half of [0, 1] as const) {
          flow.acked[half] = await post(server, flow.halves[half]);
          if (flow.acked[half] && --left === 0) enough();
        }
      }
    });
    const started = performance.now();
    await answered;
    // The pause is random, so that the kill hits any moment between receiving, writing and
    // answering.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1200));
    sendingMs += performance.now() - started;
    await server.end('SIGKILL');
    killed = true;
    await Promise.all(senders);
    server = await startServer(directory.path, { FERMATA_SETTLE: '1s' });
  }
  const acked = flows.filter((flow) => flow.acked[0] && flow.acked[1]);
  const half = flows.filter((flow) => flow.acked[0] && !flow.acked[1]);
  expect(acked.length).toBeGreaterThan(50);

  // Like an exporter, the test resends each request that was not acknowledged. Then all flows must
  // be complete.
  for (const flow of flows)
    for (const part of [0, 1] as const)
      if (!flow.acked[part]) await post(server, flow.halves[part]);
  await eventually(async () => {
    const list = (await (await fetch(`${server.web}/api/v1/flows?type=kill&limit=1`)).json()) as {
      total: number;
    };
    expect(list.total).toBe(flows.length);
  }, 20_000);
  const sample = [
    ...acked.filter((_, i) => i % Math.ceil(acked.length / 150) === 0),
    ...half.slice(0, 20),
  ];
  for (const flow of sample)
    await eventually(async () => {
      const found = (await (await fetch(`${server.web}/api/v1/flows/${flow.id}`)).json()) as {
        steps: { service: string; spanIds: string[] }[];
        hops: { state: string; waitMs: number }[];
      };
      expect(found.steps.map((step) => [step.service, [...step.spanIds].sort()])).toEqual([
        ['a', [...flow.spanIds[0]].sort()],
        ['b', [...flow.spanIds[1]].sort()],
      ]);
      expect(found.hops).toEqual([expect.objectContaining({ state: 'delivered', waitMs: 15 })]);
    });
  process.stdout.write(
    `kill -9 × ${KILLS}: ${flows.length} flows, ${Math.round((acked.length * 32) / (sendingMs / 1000))} acknowledged spans/s, ${acked.length} fully and ${half.length} half acknowledged; all counted, ${sample.length} opened and whole\n`,
  );
  await server.end('SIGTERM');
  directory.remove();
});
