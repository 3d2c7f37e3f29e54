import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { encodeJson } from '@fermata/server/testing';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * This test kills the server with `kill -9` between a failure in a flow and its notification. No
 * notification may be lost, and one that is sent twice must have the same key both times. KILLS
 * sets the number of kills, such as 100 for a long series.
 */
const KILLS = Number(process.env['KILLS'] ?? 4);
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** Returns a request with one failed step of a service. Each service becomes one incident. */
const failure = (service: string): Buffer => {
  const at = BigInt(Date.now()) * 1_000_000n;
  return encodeJson({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
        scopeSpans: [
          {
            scope: {},
            spans: [
              {
                traceId: hex(16),
                spanId: hex(8),
                name: 'charge',
                kind: 1,
                startTimeUnixNano: String(at),
                endTimeUnixNano: String(at + 5_000_000n),
                status: { code: 2, message: 'declined' },
                attributes: [
                  { key: 'fermata.flow.id', value: { stringValue: service } },
                  { key: 'fermata.flow.type', value: { stringValue: 'payment' } },
                  { key: 'fermata.step.name', value: { stringValue: 'charge' } },
                ],
              },
            ],
          },
        ],
      },
    ],
  });
};

/** Waits until the API lists an incident of the service, and returns its id. */
const incidentOf = ({ web }: ServerProcess, service: string): Promise<string> =>
  eventually(async () => {
    const { items } = (await (await fetch(`${web}/api/v1/incidents`)).json()) as {
      items: { id: string; service: string }[];
    };
    const found = items.find((incident) => incident.service === service);
    expect(found).toBeDefined();
    return found!.id;
  });

const noticeOf = async (server: ServerProcess, service: string): Promise<void> => {
  const id = await incidentOf(server, service);
  await eventually(async () => {
    const response = await fetch(`${server.web}/api/v1/alerts/notifications`);
    expect(await response.text()).toContain(id);
  });
};

/**
 * Stages of progress after which the server is killed. The server may get a little further, because
 * it does not wait for the kill.
 */
const STAGES: ((
  server: ServerProcess,
  service: string,
  arrived: Promise<void>,
) => Promise<unknown>)[] = [
  () => Promise.resolve(),
  incidentOf,
  noticeOf,
  // The webhook has received the notification, but the server may not have read the response.
  (_server, _service, arrived) => arrived,
];

test(
  `kill -9 × ${KILLS} between a failure and its notification: none is lost, none is told three times`,
  async () => {
    const notices = new Map<string, { service: string; times: number }>();
    let arrived: (service: string) => unknown = () => undefined;
    const hook = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const key = request.headers['idempotency-key'] as string;
        const { event, incident } = JSON.parse(body) as {
          event: string;
          incident: { service: string };
        };
        if (event === 'opened')
          notices.set(key, {
            service: incident.service,
            times: (notices.get(key)?.times ?? 0) + 1,
          });
        arrived(incident.service);
        response.end();
      });
    });
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const directory = freshDirectory();
    const settings = join(directory.path, 'alerts.yaml');
    writeFileSync(
      settings,
      `channels:\n  - { name: ops, kind: webhook, url: "http://127.0.0.1:${(hook.address() as AddressInfo).port}/" }\nroutes:\n  - { severity: [warning, critical], channels: ops, groupWait: 50ms }\n`,
    );
    const start = (): Promise<ServerProcess> =>
      startServer(join(directory.path, 'data'), {
        FERMATA_ALERTS: settings,
        FERMATA_SETTLE: '1s',
        FERMATA_ALERT_ALLOW: '127.0.0.1',
      });
    const acknowledged: string[] = [];
    let server = await start();
    for (let kill = 0; kill < KILLS; kill++) {
      const service = `payment-${kill}`;
      const told = new Promise<void>(
        (resolve) => (arrived = (name) => name === service && resolve()),
      );
      const response = await fetch(`${server.otlp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: failure(service),
      });
      if (response.status === 200) acknowledged.push(service);
      await STAGES[kill % STAGES.length]!(server, service, told);
      await server.end('SIGKILL');
      server = await start();
    }
    expect(acknowledged).toHaveLength(KILLS);
    await eventually(() => {
      const services = new Set([...notices.values()].map(({ service }) => service));
      expect(acknowledged.filter((service) => !services.has(service))).toEqual([]);
    }, 30_000);
    await server.end('SIGTERM');
    const keys = [...notices.values()];
    expect(keys).toHaveLength(KILLS);
    const twice = keys.filter(({ times }) => times === 2).length;
    expect(keys.filter(({ times }) => times > 2)).toEqual([]);
    process.stdout.write(`kill -9 × ${KILLS}: all told, ${twice} of them twice under one key\n`);
    hook.close();
    directory.remove();
  },
  30_000 + KILLS * 10_000,
);
