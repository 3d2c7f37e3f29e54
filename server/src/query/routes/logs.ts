import type { Request } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { LOG_SEVERITIES, type FlowLog, type FlowLogs } from '../../contract/index.ts';
import { SEVERITIES, severityName } from '../../model/log-record.ts';
import type { LogPage, StoredLog } from '../../store/index.ts';
import { whole } from '../parameters.ts';
import { plain } from '../present-spans.ts';
import { read, type QueryContext, type Reply, type Route } from '../route.ts';
import { readInstantCursor, writeInstantCursor } from '../search.ts';
import { resolve } from './flows.ts';

const severity = z.enum(LOG_SEVERITIES as [string, ...string[]]);
const logsQuery = z.strictObject({
  severity: severity.optional().describe('Only records of this level or a higher one'),
  service: z.string().max(300).optional().describe('Only records of this service'),
  step: z.string().max(300).optional().describe('Only records of the spans of this step'),
  text: z
    .string()
    .max(200)
    .default('')
    .describe('Only records with this text in the body or the attributes, in any case'),
  limit: whole(1, 1000).default(500),
  cursor: z.string().max(300).optional().describe('`nextCursor` of the page before'),
});

/** Route for the log records that are shown beside the steps of a flow. */
export const LOG_ROUTES: readonly Route[] = [
  {
    operation: 'listLogs',
    path: '/api/v1/flows/{id}/logs',
    scope: 'read',
    summary: 'Log records of all services of a flow, oldest first',
    query: logsQuery,
    handle: getLogs,
  },
];

async function getLogs(
  context: QueryContext,
  request: Request,
  response: Reply<'listLogs'>,
): Promise<void> {
  const { severity: level, service, step, text, limit, cursor } = read(logsQuery, request.query);
  const after = cursor === undefined ? undefined : readInstantCursor(cursor);
  const id = await resolve(context, request, response, '/logs');
  if (id === null) return;
  const spans = step === undefined ? undefined : await spansOf(context, id, step);
  const page = await context.store.logsOf(id, {
    ...{ text: text.trim(), limit },
    severity: SEVERITIES.find(([name]) => name === level)?.[1] ?? 0,
    ...(service !== undefined && { service }),
    ...(spans && { spans }),
    ...(after && { after: { time: after.at, id: after.id } }),
  });
  response.json(presentLogs(page, context.logs));
}

/** Returns the ids of the spans of a step. */
async function spansOf({ store }: QueryContext, id: string, step: string): Promise<string[]> {
  const row = await store.getFlow(id);
  const found = row?.flow.steps.find((one) => one.id === step);
  if (found === undefined)
    throw new FermataError('query.not-found', `the flow has no step "${step.slice(0, 100)}"`, {
      hint: 'Ids of steps are in the answer of /api/v1/flows/{id}.',
    });
  return found.spanIds;
}

function presentLogs(page: LogPage, kept: FlowLogs['kept']): FlowLogs {
  const { items, total, next, severities, services, dropped, truncated } = page;
  const levels = new Map<FlowLog['severity'], number>();
  for (const [number, records] of severities) {
    const name = severityName(number);
    levels.set(name, (levels.get(name) ?? 0) + records);
  }
  return {
    items: items.map(presentLog),
    nextCursor: next === null ? null : writeInstantCursor(next.time, next.id),
    total,
    severities: [null, ...LOG_SEVERITIES].flatMap((name) => {
      const records = levels.get(name);
      return records === undefined ? [] : [{ severity: name, records }];
    }),
    services: [...services]
      .map(([service, records]) => ({ service, records }))
      .sort((a, b) => b.records - a.records || (a.service < b.service ? -1 : 1)),
    dropped,
    incomplete: truncated,
    kept,
  };
}

const presentLog = (log: StoredLog): FlowLog => ({
  ...{ id: log.id, traceId: log.traceId, spanId: log.spanId },
  timeUnixNano: String(log.time),
  receivedAt: new Date(log.receivedAtMs).toISOString(),
  severity: severityName(log.severity),
  severityNumber: log.severity,
  service: log.service,
  eventName: log.eventName,
  scope: log.scope,
  body: log.body,
  attributes: plain(log.attributes),
  resource: plain(log.resource),
  isCut: log.isCut,
});
