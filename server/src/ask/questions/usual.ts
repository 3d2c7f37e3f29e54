import { z } from 'zod';
import type { LearnedType } from '../../contract/index.ts';
import { counted, duration } from '../../words/index.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';

export const usual = question({
  name: 'usual',
  help: 'Says what flows of a type usually consist of, as Fermata learned it: steps, what each follows, how long it takes and when it is late.',
  position: 'type',
  input: z.object({ type: z.string().min(1).describe('Flow type') }),
  async ask(client, { type }) {
    const { items } = await client.get<{ items: LearnedType[] }>(
      `/api/v1/flow-types/${encodeURIComponent(type)}/expectations`,
    );
    return {
      data: {
        type,
        learned: items.map(({ environment, usual: { flows, steps } }) => ({
          ...{ environment, flows, steps },
        })),
      },
      link: `${client.url}/settings`,
      text: () => items.flatMap(learnedText).join('\n'),
    };
  },
});

const learnedText = ({ environment, usual: { flows, steps } }: LearnedType): string[] => [
  `${environment === '' ? '' : `${environment}, `}learned from ${counted(flows, 'flow')}`,
  ...table(steps, [
    { title: 'step', of: ({ service, name }) => `${service}: ${name}`, most: 60 },
    { title: 'after', of: ({ after }) => after.join(', '), most: 40 },
    { title: 'in', of: ({ share }) => `${(share * 100).toFixed(0)} %`, isRight: true },
    { title: 'usually within', of: ({ medianMs }) => duration(medianMs), isRight: true },
    { title: 'late after', of: ({ lateMs }) => duration(lateMs), isRight: true },
  ]),
  '',
];
