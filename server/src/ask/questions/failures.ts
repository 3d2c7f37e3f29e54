import { z } from 'zod';
import type { FailureGroup, FailuresAnswer } from '../../contract/index.ts';
import { counted } from '../../words/index.ts';
import { explorerLink, FILTER, parametersOf } from '../filter.ts';
import { question } from '../question.ts';
import { columnsOf } from '../text/bars.ts';
import { linkOf } from './flow.ts';

/** Instances that the text names of a group. */
const MAX_INSTANCES = 5;

export const failures = question({
  name: 'failures',
  help: 'Groups failures by cause: error, step, how many flows, which versions, whether a retry mended them.',
  position: 'query',
  input: z.object({
    ...FILTER,
    limit: z.number().int().min(1).max(200).default(10).describe('Most groups that are listed'),
  }),
  async ask(client, { limit, ...filter }, nowMs) {
    const answer = await client.get<FailuresAnswer>('/api/v1/lenses/failures', {
      ...parametersOf(filter, nowMs),
      limit,
    });
    return {
      data: {
        flows: answer.population.total,
        others: answer.others,
        from: answer.population.from,
        to: answer.population.to,
        groups: answer.items.map(({ exampleFlowIds, ...group }) => ({
          ...group,
          examples: exampleFlowIds.slice(0, 3).map((id) => ({ id, link: linkOf(client.url, id) })),
        })),
      },
      link: explorerLink(client.url, filter, 'failures'),
      text: () => textOf(answer),
    };
  },
});

const textOf = ({ items, others }: FailuresAnswer): string =>
  items.length === 0
    ? 'Nothing failed.'
    : [
        ...items.flatMap(groupText),
        ...(others.groups > 0 ? [`${counted(others.groups, 'more group')}: --limit`] : []),
      ].join('\n');

function groupText(group: FailureGroup): string[] {
  const { error, service, step, flows, count, mendedByRetry, deadLettered, versions } = group;
  const { instances, message } = group;
  const facts = [
    `${counted(flows, 'flow')}, ${counted(count, 'attempt')}`,
    ...(mendedByRetry > 0 ? [`${mendedByRetry} mended by a retry`] : []),
    ...(deadLettered > 0 ? [`${counted(deadLettered, 'message')} dead-lettered`] : []),
    `${group.firstAt.slice(0, 19)} to ${group.lastAt.slice(0, 19)}`,
    ...(versions.length > 0
      ? [
          `versions ${versions.map(({ version, count: n }) => `${version || 'unknown'} (${n})`).join(', ')}`,
        ]
      : []),
    ...(instances.length > 0
      ? [
          `instances ${instances
            .slice(0, MAX_INSTANCES)
            .map(({ instance, count: n }) => `${instance} (${n})`)
            .join(', ')}${instances.length > MAX_INSTANCES ? ' and more' : ''}`,
        ]
      : []),
  ];
  const of = message === '' ? '' : ` of ${message}`;
  return [
    `${service}: ${step}${of}  ${[error.type, error.message].filter((part) => part !== '').join(': ')}`,
    `    ${facts.join('; ')}`,
    `    over time ▕${columnsOf(group.trend)}▏`,
    `    for example ${group.exampleFlowIds.slice(0, 3).join(', ')}; all: fermata find '${group.q}'`,
    '',
  ];
}
