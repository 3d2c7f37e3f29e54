import { z } from 'zod';
import type { List, ServiceSummary } from '../../contract/index.ts';
import { queryOf } from '../client.ts';
import { question } from '../question.ts';
import { table } from '../text/table.ts';

export const services = question({
  name: 'services',
  help: 'Says who sends what and who listens to what: services with destinations, versions, flow types, and whose clock is wrong.',
  position: 'name',
  input: z.object({
    name: z.string().optional().describe('Only services or destinations whose name contains this'),
    environment: z.string().optional().describe('Only services of this deployment environment'),
  }),
  async ask(client, { name = '', environment }) {
    const all = await client.get<List<ServiceSummary>>('/api/v1/services');
    const isAsked = (service: ServiceSummary): boolean =>
      (environment === undefined || service.environment === environment) &&
      [service.name, ...service.sends, ...service.consumes].some((one) => contains(one, name));
    const items = all.items.filter(isAsked);
    return {
      data: { services: items, incomplete: all.incomplete },
      link: `${client.url}/services${queryOf({ find: name })}`,
      text: () => textOf(items, name),
    };
  },
});

const contains = (text: string, part: string): boolean =>
  text.toLowerCase().includes(part.toLowerCase());

function textOf(items: readonly ServiceSummary[], name: string): string {
  if (items.length === 0) return 'No service matches.';
  const listed = (places: readonly string[]): string =>
    places.filter((place) => name === '' || contains(place, name)).join(', ') || '-';
  return table(items, [
    { title: 'service', of: (service) => service.name, most: 32 },
    { title: 'versions', of: ({ versions }) => versions.join(', '), most: 20 },
    { title: 'steps', of: ({ steps }) => String(steps), isRight: true },
    { title: 'failed', of: ({ failedSteps }) => String(failedSteps), isRight: true },
    { title: 'sends to', of: ({ sends }) => listed(sends), most: 60 },
    { title: 'consumes from', of: ({ consumes }) => listed(consumes), most: 60 },
    {
      title: 'clock',
      of: ({ wrongClocks: [first] }) =>
        first ? `${(first.aheadMs / 1000).toFixed(1)} s ahead` : '',
    },
  ]).join('\n');
}
