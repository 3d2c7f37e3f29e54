import { z } from 'zod';
import { durationMs } from '../base/duration.ts';
import { FLOW_STATUSES } from '../contract/index.ts';
import { AskError, queryOf, type Parameters } from './client.ts';

/**
 * The filter of flows that many questions take: the filter of the API, but with times that people
 * write, such as `2h`.
 */
export const FILTER = {
  query: z
    .string()
    .max(1000)
    .optional()
    .describe(
      'In the query language: status:stuck, duration>5m, wait>15s, service:pay*, failed:<step>, error:<text>, finding:<rule>, key:<name>=<value>, @<attribute>:<value>, A !> B within 15m',
    ),
  type: z.string().optional().describe('Flow types, separated by commas'),
  status: z
    .string()
    .optional()
    .describe(`Of ${FLOW_STATUSES.join(', ')}`),
  service: z.string().optional().describe('Services that take part, separated by commas'),
  environment: z.string().optional().describe('Deployment environments, separated by commas'),
  since: z.string().optional().describe('Only flows that started within this time: 15m, 2h, 7d'),
  from: z
    .string()
    .optional()
    .describe('Only flows that started at or after this instant, ISO 8601'),
  to: z.string().optional().describe('Only flows that started before this instant, ISO 8601'),
};
export const filterSchema = z.object(FILTER);
export type FilterInput = z.infer<typeof filterSchema>;

/** Returns the filter as parameters of the API. Throws an `AskError` if `since` is no time. */
export function parametersOf(filter: FilterInput, nowMs: number): Parameters {
  const { query: q, type, status, service, environment, to } = filter;
  return { q, type, status, service, environment, from: fromOf(filter, nowMs), to };
}

/** Returns the address of the explorer with this filter, opened on the tab `tab`. */
export function explorerLink(
  url: string,
  filter: FilterInput,
  tab = '',
  more: Parameters = {},
): string {
  const { query: q, type, status, service, environment, since, from, to } = filter;
  const range = since;
  const filtered = { q, type, status, service, environment, range, from, to, tab, ...more };
  return `${url}/flows${queryOf(filtered)}`;
}

export function fromOf({ since, from }: FilterInput, nowMs: number): string | undefined {
  if (since === undefined || since === '') return from;
  const ms = durationMs(since);
  if (ms === null)
    throw new AskError(400, `"${since}" is no time`, 'Write one like 15m, 2h or 7d.');
  return new Date(nowMs - ms).toISOString();
}
