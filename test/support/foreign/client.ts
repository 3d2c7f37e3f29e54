import type { Flow, FlowList, ImportReport, MapAnswer } from '@fermata/server/contract';
import { expect } from 'vitest';
import { eventually } from '../eventually.ts';
import type { ServerProcess } from '../server-process.ts';
import { toOtlp, type ForeignSpan } from './otlp.ts';

export type Client = ReturnType<typeof createClient>;

/** Feeds recordings to a server and asks what it says of them. */
export function createClient(server: ServerProcess) {
  const post = async (url: string, body: object): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.ok, url).toBe(true);
    return response.json();
  };
  const get = async <T>(path: string, query: Record<string, string> = {}): Promise<T> => {
    const parameters = new URLSearchParams(query).toString();
    const response = await fetch(`${server.web}/api/v1/${path}?${parameters}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  };
  const send = async (name: string, spans: ForeignSpan[], environment = name): Promise<void> => {
    const { traces, logs } = toOtlp(name, environment, spans);
    expect(await post(`${server.otlp}/v1/traces`, traces), name).toEqual({});
    if (logs !== null) expect(await post(`${server.otlp}/v1/logs`, logs), name).toEqual({});
  };
  return {
    get,
    send,
    /** Imports a file, and returns what the server says of it. */
    async import(
      file: Buffer | string,
      environment: string,
      query: Record<string, string> = {},
    ): Promise<ImportReport> {
      const parameters = new URLSearchParams({ environment, ...query }).toString();
      const response = await fetch(`${server.web}/api/v1/import?${parameters}`, {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: new Uint8Array(Buffer.from(file)),
      });
      const lines = (await response.text()).trimEnd().split('\n');
      const report = JSON.parse(lines.at(-1)!) as ImportReport;
      expect(report.done, lines.at(-1)).toBe(true);
      return report;
    },
    define: (definition: object) => post(`${server.web}/api/v1/definitions`, definition),

    /** Waits until a flow that is sent now has been quiet for so long that it counts as ended. */
    async settled(name: string): Promise<void> {
      const start = 1_700_000_000_000_000_000n;
      const message = { trace: name, name: 'note', start, end: start + 1_000_000n };
      await send(name, [
        { ...message, id: 'sent', service: 'sender', kind: 'producer' },
        { ...message, id: 'taken', parent: 'sent', service: 'taker', kind: 'consumer' },
      ]);
      await eventually(async () => {
        const { items } = await get<FlowList>('flows', { environment: name });
        expect(items.map(({ status }) => status)).toEqual(['completed']);
      });
    },

    /**
     * Returns the flows of an environment once that many are there. Every span that was sent is in
     * a step of exactly one of them then, so that nothing is lost.
     */
    async flowsOf(environment: string, flows: number, spans: number): Promise<Flow[]> {
      const { items } = await eventually(async () => {
        const list = await get<FlowList>('flows', { environment, limit: '1000' });
        expect(list.items, environment).toHaveLength(flows);
        expect(list.total, environment).toBe(flows);
        return list;
      }, PATIENCE_MS);
      return eventually(async () => {
        const found = await Promise.all(items.map(({ id }) => get<Flow>(`flows/${id}`)));
        const ids = found.flatMap(({ steps }) => steps.flatMap(({ spanIds }) => spanIds));
        expect(ids, environment).toHaveLength(spans);
        return found;
      }, PATIENCE_MS);
    },

    /** Returns how often a service leads to another one. */
    async callsIn(environment: string): Promise<Record<string, number>> {
      const { nodes, edges } = await get<MapAnswer>('lenses/map', { environment });
      const calls: Record<string, number> = {};
      for (const { from, to, count } of edges) {
        const [parent, child] = [from, to].map(
          (id) => nodes.find((node) => node.id === id)?.service,
        );
        if (parent === undefined || child === undefined || parent === child) continue;
        calls[`${parent} ${child}`] = (calls[`${parent} ${child}`] ?? 0) + count;
      }
      return calls;
    },
  };
}

/** Thousands of spans take seconds, and many where other work runs on the machine. */
const PATIENCE_MS = 60_000;

/** Returns the µs that the flow spent on each step, by the name that `nameOf` gives to it. */
export function onPath(
  flow: Flow,
  nameOf: (step: Flow['steps'][number]) => string,
): Record<string, number> {
  const spent: Record<string, number> = {};
  for (const { kind, stepId, startUnixNano, endUnixNano } of flow.criticalPath) {
    const step = flow.steps.find(({ id }) => id === stepId);
    const name = step === undefined ? kind : nameOf(step);
    const us = Number(BigInt(endUnixNano) - BigInt(startUnixNano)) / 1000;
    spent[name] = (spent[name] ?? 0) + us;
  }
  const sum = Object.values(spent).reduce((all, us) => all + us, 0);
  expect(sum).toBeCloseTo(flow.durationMs * 1000, 6);
  return spent;
}
