import type { Request } from 'express';
import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import { cutTo } from '../../base/lists.ts';
import { whole } from '../parameters.ts';
import { presentIncident } from '../present.ts';
import { missing, nameOf, read, type QueryContext, type Reply, type Route } from '../route.ts';

const incidentsQuery = z.strictObject({
  status: z.enum(['open', 'resolved']).optional(),
  limit: whole(1, 1000).default(200),
});
const noteBody = z.strictObject({ text: z.string().max(2000).default('') });

const EDITS = {
  ack: 'acknowledgeIncident',
  resolve: 'resolveIncident',
  note: 'noteIncident',
} as const;

/** Routes for incidents, and for what operators do with incidents. */
export const INCIDENT_ROUTES: readonly Route[] = [
  {
    operation: 'listIncidents',
    path: '/api/v1/incidents',
    scope: 'read',
    summary: 'Findings with one cause, newest first',
    query: incidentsQuery,
    handle: listIncidents,
  },
  {
    operation: 'getIncident',
    path: '/api/v1/incidents/{id}',
    scope: 'read',
    summary: 'One incident',
    handle: getIncident,
  },
  ...(['ack', 'resolve', 'note'] as const).map((verb) => ({
    method: 'post' as const,
    operation: EDITS[verb],
    path: `/api/v1/incidents/{id}/${verb}`,
    scope: 'admin' as const,
    summary: { ack: 'Acknowledge', resolve: 'Resolve by hand', note: 'Add a note' }[verb],
    body: noteBody,
    handle: editIncident(verb),
  })),
  {
    method: 'post',
    operation: 'acceptIncident',
    path: '/api/v1/incidents/{id}/accept',
    scope: 'admin',
    summary:
      'What it misses comes no more, and that is right: it is not expected again until it comes again',
    body: noteBody,
    handle: acceptIncident,
  },
];

function listIncidents(
  context: QueryContext,
  request: Request,
  response: Reply<'listIncidents'>,
): void {
  const { status, limit } = read(incidentsQuery, request.query);
  const all = context.alerts
    .incidents()
    .filter((one) => status === undefined || one.status === status);
  const { items, incomplete } = cutTo(all, limit);
  response.json({ items: items.map(presentIncident), total: all.length, incomplete });
}

function getIncident(
  context: QueryContext,
  request: Request,
  response: Reply<'getIncident'>,
): void {
  const id = nameOf(request, 'id');
  response.json(presentIncident(context.alerts.incident(id) ?? missing('incident', id)));
}

function editIncident(verb: keyof typeof EDITS) {
  const edit = ({ ack: 'acknowledge', resolve: 'resolve', note: 'note' } as const)[verb];
  return (
    context: QueryContext,
    request: Request,
    response: Reply<(typeof EDITS)['note']>,
  ): void => {
    const id = nameOf(request, 'id');
    const { text } = read(noteBody, request.body ?? {});
    response.json(presentIncident(context.alerts[edit](id, text) ?? missing('incident', id)));
  };
}

async function acceptIncident(
  context: QueryContext,
  request: Request,
  response: Reply<'acceptIncident'>,
): Promise<void> {
  const id = nameOf(request, 'id');
  const { text } = read(noteBody, request.body ?? {});
  const incident = context.alerts.incident(id) ?? missing('incident', id);
  const { environment } = incident;
  let accepted = 0;
  for (const part of incident.parts) if (await context.accept({ environment, ...part })) accepted++;
  if (accepted === 0)
    throw new FermataError('query.invalid', 'what this incident misses was not learned', {
      hint: 'Only a step that history says should come can be accepted as gone; change a definition instead.',
    });
  context.alerts.note(id, text || `accepted: ${incident.step ?? ''} is expected no more`);
  response.json(presentIncident(incident));
}
