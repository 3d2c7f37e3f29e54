import { z } from 'zod';
import { LOG_SEVERITIES, type FlowLogs } from '../../contract/index.ts';
import { counted } from '../../words/index.ts';
import { question } from '../question.ts';
import { padded } from '../text/table.ts';
import { flowNamed, isoOf, linkOf } from './flow.ts';

export const logs = question({
  name: 'logs',
  help: 'Lists what the services of one flow logged, over all of them, oldest first.',
  position: 'flow',
  input: z.object({
    flow: z.string().min(1).max(300).describe('Any name of the flow'),
    severity: z
      .enum(LOG_SEVERITIES as [string, ...string[]])
      .optional()
      .describe('At least'),
    service: z.string().optional().describe('Only what this service logged'),
    text: z.string().optional().describe('Only records that contain this'),
    limit: z.number().int().min(1).max(500).default(100).describe('Most records listed'),
  }),
  async ask(client, { flow: name, ...filter }) {
    const { id } = await flowNamed(client, name);
    const path = `/api/v1/flows/${encodeURIComponent(id)}/logs`;
    const answer = await client.get<FlowLogs>(path, filter);
    return {
      data: {
        ...{ total: answer.total, severities: answer.severities, services: answer.services },
        ...{ dropped: answer.dropped, kept: answer.kept },
        records: answer.items.map(
          ({ timeUnixNano, severity, service, body, attributes, spanId }) => ({
            ...{ at: isoOf(timeUnixNano), severity, service, body, attributes, spanId },
          }),
        ),
      },
      link: `${linkOf(client.url, id)}?tab=logs`,
      text: () => textOf(answer),
    };
  },
});

function textOf({ items, total, kept }: FlowLogs): string {
  if (kept === 'off') return 'This server keeps no log records (FERMATA_LOGS).';
  if (total === 0) return 'The flow has no log records that match.';
  const lines = items.map(
    ({ timeUnixNano, severity, service, body }) =>
      `${isoOf(timeUnixNano).slice(11, 23)}  ${padded(severity ?? '', 5)}  ${service}  ${body}`,
  );
  const more = total - items.length;
  return [...lines, ...(more > 0 ? [counted(more, 'more record')] : [])].join('\n');
}
