import { z } from 'zod';
import type { FlowList, FlowSummary } from '../../contract/index.ts';
import { counted, duration, NOTHING_USUAL, statusText } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';
import { durationOf, isoOf, linkOf, statusOf } from './flow.ts';

export const find = question({
  name: 'find',
  help: 'Lists flows that match a query, newest first: their status, age, and what they wait for.',
  position: 'query',
  input: z.object({
    ...FILTER,
    key: z.string().optional().describe('Business key: 42, or order.id=42'),
    sort: z.enum(['started', 'duration', 'activity', 'waiting']).optional().describe('Sorted by'),
    limit: z.number().int().min(1).max(1000).default(20).describe('Most flows that are listed'),
  }),
  async ask(client, { key, sort, limit, ...filter }, nowMs) {
    const page = await client.get<FlowList>('/api/v1/flows', {
      ...parametersOf(filter, nowMs),
      ...{ key, sort, limit },
    });
    const flows = page.items.map((flow) => found(flow, client.url, nowMs));
    const note = page.isNothingUsual ? NOTHING_USUAL : null;
    return {
      data: { total: page.total, listed: flows.length, incomplete: page.incomplete, flows, note },
      link: explorerLink(client.url, filter, '', { key, sort }),
      text: () => note ?? textOf(page, nowMs),
    };
  },
});

/** Returns the fields of a flow that a list shows. */
export function found(flow: FlowSummary, url: string, nowMs: number): object {
  return {
    ...{ id: flow.id, key: flow.key, keys: flow.keys, type: flow.type },
    environment: flow.environment,
    ...{ status: statusOf(flow), startedAt: isoOf(flow.startedAtUnixNano) },
    ...{ durationMs: durationOf(flow, nowMs), steps: flow.stepCount },
    ...{ failedSteps: flow.failedSteps, retries: flow.retries, services: flow.services },
    waitsFor: flow.waitingFor.map(({ step, service, message, since, stuckAt, basis }) => ({
      ...{ step, service, message, since, stuckAt, basis },
    })),
    findings: flow.findings.map(({ rule, severity, summary }) => ({ rule, severity, summary })),
    link: linkOf(url, flow.id),
  };
}

function textOf({ items, total }: FlowList, nowMs: number): string {
  if (total === 0) return 'No flow matches.';
  const lines = table(items, [
    { title: 'flow', of: (flow) => flow.key || flow.id, most: 36 },
    { title: 'type', of: (flow) => flow.type, most: 28 },
    { title: 'status', of: (flow) => statusText(statusOf(flow)) },
    { title: 'took', of: (flow) => duration(durationOf(flow, nowMs)), isRight: true },
    {
      title: 'started',
      of: (flow) => isoOf(flow.startedAtUnixNano).slice(0, 19).replace('T', ' '),
    },
    { title: 'waits for', of: ({ waitingFor: [first] }) => waitOf(first) },
    { title: 'keys', of: ({ keys }) => keysOf(keys), most: 60 },
  ]);
  const more = total - items.length;
  const rest =
    more > 0 ? ['', `${counted(more, 'more flow')}; all: --limit ${Math.min(1000, total)}`] : [];
  return [...lines, ...rest].join('\n');
}

const keysOf = (keys: FlowSummary['keys']): string =>
  Object.entries(keys)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

const waitOf = (waiting: FlowSummary['waitingFor'][number] | undefined): string =>
  waiting === undefined
    ? ''
    : [
        waiting.step,
        waiting.service === null ? '' : ` by ${waiting.service}`,
        waiting.message === null ? '' : ` from ${waiting.message}`,
      ].join('');
