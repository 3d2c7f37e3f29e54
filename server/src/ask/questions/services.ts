import { z } from 'zod';
import type { List, ServiceSummary } from '../../contract/index.ts';
import { age, duration, nanosToMs } from '../../words/index.ts';
import { queryOf } from '../client.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';
import { isoOf } from './flow.ts';

export const services = question({
  name: 'services',
  help: 'Says who sends what and who listens to what: services with destinations, message types, versions, flow types, when each was last heard, and whose clock is wrong.',
  position: 'name',
  input: z.object({
    name: z
      .string()
      .optional()
      .describe('Only services, destinations or message types whose name contains this'),
    environment: z.string().optional().describe('Only services of this deployment environment'),
  }),
  async ask(client, { name = '', environment }, nowMs) {
    const all = await client.get<List<ServiceSummary>>('/api/v1/services');
    const isAsked = (service: ServiceSummary): boolean =>
      (environment === undefined || service.environment === environment) &&
      [service.name, ...sentBy(service), ...takenBy(service)].some((one) => contains(one, name));
    const items = all.items.filter(isAsked);
    return {
      data: {
        services: items.map(
          ({ firstSeenUnixNano, lastSeenUnixNano, silentFromUnixNano, ...service }) => ({
            ...service,
            ...{ firstSeen: isoOf(firstSeenUnixNano), lastSeen: isoOf(lastSeenUnixNano) },
            silentFrom: silentFromUnixNano && isoOf(silentFromUnixNano),
          }),
        ),
        incomplete: all.incomplete,
      },
      link: `${client.url}/services${queryOf({ find: name })}`,
      text: () => textOf(items, name, nowMs),
    };
  },
});

const contains = (text: string, part: string): boolean =>
  text.toLowerCase().includes(part.toLowerCase());

const sentBy = ({ sends, sendsTypes }: ServiceSummary): string[] => [...sends, ...sendsTypes];
const takenBy = (service: ServiceSummary): string[] => [
  ...service.consumes,
  ...service.consumesTypes,
];

function textOf(items: readonly ServiceSummary[], name: string, nowMs: number): string {
  if (items.length === 0) return 'No service matches.';
  const listed = (service: ServiceSummary, places: readonly string[]): string =>
    places.filter((place) => contains(service.name, name) || contains(place, name)).join(', ') ||
    '-';
  return table(items, [
    { title: 'service', of: (service) => service.name, most: 32 },
    { title: 'versions', of: ({ versions }) => versions.join(', '), most: 20 },
    { title: 'steps', of: ({ steps }) => String(steps), isRight: true },
    { title: 'failed', of: ({ failedSteps }) => String(failedSteps), isRight: true },
    {
      title: 'last heard',
      of: ({ lastSeenUnixNano }) => `${age(nowMs - nanosToMs(lastSeenUnixNano))} ago`,
    },
    { title: 'sends', of: (service) => listed(service, sentBy(service)), most: 60 },
    { title: 'consumes', of: (service) => listed(service, takenBy(service)), most: 60 },
    {
      title: 'clock',
      of: ({ wrongClocks: [first] }) =>
        first === undefined
          ? ''
          : `${duration(Math.abs(first.aheadMs))} ${first.aheadMs < 0 ? 'behind' : 'ahead'}`,
    },
  ]).join('\n');
}
