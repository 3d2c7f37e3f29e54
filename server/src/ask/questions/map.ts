import { z } from 'zod';
import type { MapAnswer } from '../../contract/index.ts';
import { counted, duration, mapMermaid, messageName } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';

export const map = question({
  name: 'map',
  help: 'Draws which step leads to which, by which message or call, in how many flows, with waits, failures and what is stuck.',
  position: 'query',
  input: z.object({
    ...FILTER,
    mermaid: z.boolean().default(false).describe('As a Mermaid flow chart for documents'),
  }),
  async ask(client, { mermaid, ...filter }, nowMs) {
    const answer = await client.get<MapAnswer>('/api/v1/lenses/map', parametersOf(filter, nowMs));
    const { nodes, edges, folded, population } = answer;
    return {
      data: mermaid
        ? { flows: population.used, mermaid: mapMermaid(nodes, edges) }
        : {
            ...{ flows: population.used, folded },
            steps: nodes.map(({ exampleFlowIds: _, ...node }) => node),
            messages: edges.map(({ exampleFlowIds: _, ...edge }) => edge),
          },
      link: explorerLink(client.url, filter, 'map'),
      text: () => (mermaid ? mapMermaid(nodes, edges).trimEnd() : textOf(answer)),
    };
  },
});

function textOf({ nodes, edges, population }: MapAnswer): string {
  if (population.used === 0) return 'No flow matches.';
  const names = new Map(nodes.map(({ id, service, step }) => [id, `${service}: ${step}`]));
  // Edges from the start and to the end of flows are left out, except for messages that nobody took
  // yet.
  const byFlows = edges
    .filter(({ from, to, message }) => names.has(from) && (names.has(to) || message !== null))
    .sort((a, b) => b.flows - a.flows);
  return [
    counted(population.used, 'flow'),
    '',
    ...table(byFlows, [
      { title: 'from', of: ({ from }) => names.get(from) ?? '', most: 40 },
      { title: 'by', of: (edge) => messageName(edge) || 'call', most: 32 },
      { title: 'to', of: ({ to }) => names.get(to) ?? '(nobody)', most: 40 },
      { title: 'flows', of: ({ flows }) => String(flows), isRight: true },
      { title: 'waits p50', of: ({ waitMs }) => duration(waitMs.p50), isRight: true },
      { title: 'p95', of: ({ waitMs }) => duration(waitMs.p95), isRight: true },
      { title: 'stuck', of: ({ stuck }) => (stuck === 0 ? '' : String(stuck)), isRight: true },
    ]),
    '',
    ...table(
      [...nodes].sort((a, b) => b.flows - a.flows),
      [
        { title: 'step', of: ({ service, step }) => `${service}: ${step}`, most: 60 },
        { title: 'flows', of: ({ flows }) => String(flows), isRight: true },
        { title: 'failed', of: ({ failed }) => String(failed), isRight: true },
        { title: 'work p50', of: ({ workMs }) => duration(workMs.p50), isRight: true },
        { title: 'p95', of: ({ workMs }) => duration(workMs.p95), isRight: true },
        { title: 'stuck', of: ({ stuck }) => (stuck === 0 ? '' : String(stuck)), isRight: true },
      ],
    ),
  ].join('\n');
}
