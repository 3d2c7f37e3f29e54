import { z } from 'zod';
import type { Variant, VariantsAnswer } from '../../contract/index.ts';
import { counted, duration } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';

export const variants = question({
  name: 'variants',
  help: 'Lists the ways that flows take, step by step, the most frequent first, and how each ends.',
  position: 'query',
  input: z.object({
    ...FILTER,
    limit: z.number().int().min(1).max(200).default(10).describe('Most ways that are listed'),
  }),
  async ask(client, { limit, ...filter }, nowMs) {
    const answer = await client.get<VariantsAnswer>('/api/v1/lenses/variants', {
      ...parametersOf(filter, nowMs),
      limit,
    });
    return {
      data: { flows: answer.population.used, others: answer.others, variants: answer.items },
      link: explorerLink(client.url, filter, 'variants'),
      text: () => textOf(answer),
    };
  },
});

const textOf = ({ items, others }: VariantsAnswer): string =>
  items.length === 0
    ? 'No flow matches.'
    : [
        ...items.flatMap(variantText),
        ...(others.variants > 0
          ? [`${counted(others.variants, 'more way')} of ${counted(others.flows, 'flow')}: --limit`]
          : []),
      ].join('\n');

function variantText({ steps, more, flows, share, outcomes, durationMs, q }: Variant): string[] {
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  const rest = more > 0 ? ` → ${more} more` : '';
  return [
    `${counted(flows, 'flow')} (${(share * 100).toFixed(1)} %), p50 ${duration(durationMs.p50)}, p95 ${duration(durationMs.p95)}; ${ends.join(', ')}`,
    `    ${steps.join(' → ')}${rest}`,
    `    fermata find '${q}'`,
    '',
  ];
}
