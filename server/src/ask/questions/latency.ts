import { z } from 'zod';
import type { LatencyAnswer } from '../../contract/index.ts';
import { counted, duration } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';
import { bar } from '../text/bars.ts';
import { table } from '../text/table.ts';

const MAX_PARTS = 25;
const BAR = 20;
/** Minimum share that is shown as a bar. */
const LEAST = 0.01;

export const latency = question({
  name: 'latency',
  help: 'Says what the time of flows is spent on: quantiles, and the parts of their critical path with shares at p50, p90 and p99.',
  position: 'query',
  input: z.object({ ...FILTER }),
  async ask(client, filter, nowMs) {
    const answer = await client.get<LatencyAnswer>(
      '/api/v1/lenses/latency',
      parametersOf(filter, nowMs),
    );
    const { durationMs, chain, kinds, population } = answer;
    return {
      data: {
        ...{
          flows: population.used,
          open: population.open,
          durationMs,
          kinds,
          partsLeftOut: Math.max(0, chain.length - MAX_PARTS),
        },
        chain: largest(answer).map(({ exampleFlowIds, id: _, ...part }) => ({
          ...part,
          exampleFlowIds: exampleFlowIds.slice(0, 2),
        })),
      },
      link: explorerLink(client.url, filter, 'latency'),
      text: () => textOf(answer),
    };
  },
});

/**
 * Returns the parts with the longest mean time per flow, in the order in which flows reach them.
 */
function largest({ chain }: LatencyAnswer): LatencyAnswer['chain'] {
  const chosen = new Set([...chain].sort((a, b) => b.meanMs - a.meanMs).slice(0, MAX_PARTS));
  return chain.filter((part) => chosen.has(part));
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Open flows count with their time so far, which makes quantiles of a stall too low. */
const openText = (open: number): string =>
  open === 0 ? '' : ` (${open} still open, counted up to their last progress)`;

function textOf(answer: LatencyAnswer): string {
  const { durationMs: ms, population } = answer;
  if (population.used === 0) return 'No flow matches.';
  const parts = largest(answer);
  return [
    `${counted(population.used, 'flow')}${openText(population.open)}: p50 ${duration(ms.p50)}, p90 ${duration(ms.p90)}, p95 ${duration(ms.p95)}, p99 ${duration(ms.p99)}, max ${duration(ms.max)}`,
    '',
    ...table(parts, [
      { title: 'part', of: ({ service, step }) => (step === '' ? '' : `${service}: ${step}`) },
      {
        title: 'kind',
        of: ({ kind, message }) => (message === '' ? kind : `${kind} ${message}`),
        most: 36,
      },
      { title: 'mean', of: ({ meanMs }) => duration(meanMs), isRight: true },
      { title: 'p95', of: (part) => duration(part.ms.p95), isRight: true },
      { title: 'at p50', of: ({ shareAtP50 }) => percent(shareAtP50), isRight: true },
      { title: 'at p99', of: ({ shareAtP99 }) => percent(shareAtP99), isRight: true },
      {
        title: '',
        of: ({ shareAtP90: to }) => (to < LEAST ? '' : bar([{ from: 0, to, mark: '█' }], BAR)),
      },
    ]),
  ].join('\n');
}
