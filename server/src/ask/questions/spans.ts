import { z } from 'zod';
import type { SpanList } from '../../contract/index.ts';
import { counted, duration, nanosToMs } from '../../words/index.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';
import { flowNamed, linkOf } from './flow.ts';

export const spans = question({
  name: 'spans',
  help: 'Lists the raw spans of one flow as they were received, with all attributes, events and links.',
  position: 'flow',
  input: z.object({
    flow: z.string().min(1).max(300).describe('Any name of the flow'),
    text: z.string().optional().describe('Only spans that contain this anywhere'),
    limit: z.number().int().min(1).max(500).default(50).describe('Most spans listed'),
  }),
  async ask(client, { flow: name, text: part = '', limit }) {
    const { id } = await flowNamed(client, name);
    const all = await client.get<SpanList>(`/api/v1/flows/${encodeURIComponent(id)}/spans`);
    const matching = all.items.filter((span) => JSON.stringify(span).includes(part));
    const items = matching.slice(0, limit);
    return {
      data: {
        total: all.total,
        matching: matching.length,
        incomplete: all.incomplete,
        spans: items,
      },
      link: `${linkOf(client.url, id)}?tab=spans`,
      text: () =>
        [
          ...table(items, [
            { title: 'span', of: ({ spanId }) => spanId },
            { title: 'service', of: ({ service }) => service, most: 24 },
            { title: 'name', of: (span) => span.name, most: 60 },
            { title: 'kind', of: ({ kind }) => kind },
            {
              title: 'took',
              of: (span) => duration(nanosToMs(span.endUnixNano) - nanosToMs(span.startUnixNano)),
              isRight: true,
            },
            { title: 'status', of: ({ statusMessage }) => statusMessage, most: 40 },
          ]),
          ...(matching.length > items.length
            ? [counted(matching.length - items.length, 'more span')]
            : []),
        ].join('\n'),
    };
  },
});
