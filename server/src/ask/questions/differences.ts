import { z } from 'zod';
import type { Difference, DifferencesAnswer } from '../../contract/index.ts';
import { counted } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';

export const differences = question({
  name: 'differences',
  help: 'Says what sets the flows of a query apart from others: versions, attributes, services, steps and failures that are more frequent in them.',
  position: 'query',
  input: z.object({
    ...FILTER,
    against: z
      .string()
      .optional()
      .describe('Query of the flows to compare with; otherwise the rest, or the time before'),
    limit: z.number().int().min(1).max(200).default(20).describe('Most differences listed'),
  }),
  async ask(client, { against, limit, ...filter }, nowMs) {
    const answer = await client.get<DifferencesAnswer>('/api/v1/lenses/differences', {
      ...parametersOf(filter, nowMs),
      // Without `against` the server compares with the time before, for which it needs the end of
      // the time.
      ...(filter.since !== undefined && { to: filter.to ?? new Date(nowMs).toISOString() }),
      ...{ against, limit },
    });
    return {
      data: {
        flows: answer.population.used,
        against: { flows: answer.against.used, is: answer.against.is },
        differences: answer.items,
      },
      link: explorerLink(client.url, filter, 'differences'),
      text: () => textOf(answer),
    };
  },
});

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const whatText = ({ field, value, alike }: Difference): string =>
  `${field} ${value}${alike.length > 0 ? ` (and ${alike.length} alike)` : ''}`;

function textOf({ population, against, items }: DifferencesAnswer): string {
  const compared = `${counted(population.used, 'flow')} against ${against.is}, ${counted(against.used, 'flow')}`;
  if (items.length === 0) return `${compared}: nothing sets them apart.`;
  return [
    compared,
    '',
    ...table(items, [
      { title: 'what', of: whatText, most: 90 },
      { title: 'here', of: ({ share }) => percent(share), isRight: true },
      { title: 'there', of: ({ baselineShare }) => percent(baselineShare), isRight: true },
      { title: 'flows', of: ({ flows }) => String(flows), isRight: true },
    ]),
  ].join('\n');
}
