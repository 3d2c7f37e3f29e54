import { z } from 'zod';
import { FLOW_STATUSES } from '../contract/index.ts';
import { FermataError } from '../base/errors.ts';
import { FLOW_SORTS, type FlowOrder, type FlowPosition, type FlowSearch } from '../model/search.ts';
import { parseQuery } from './language/parse.ts';
import { unixNanos, type UnixNanos } from '../model/time.ts';
import { instant, many, manyOf, readInstant, whole } from './parameters.ts';

/**
 * This file turns the parameters of a request into a search. Invalid parameters are rejected and
 * never guessed at.
 */
export const MAX_QUERY = 1000;
export const searchSchema = z.strictObject({
  q: z
    .string()
    .max(MAX_QUERY)
    .optional()
    .describe(
      'Query: `status:stuck type:order-* duration>5m -service:email "free text"`, `A > B within 5m`, `A !> B within 15m`, `(a or b) and not c`, `since:2h`',
    ),
  type: many().optional().describe('Flow type; repeat or separate by commas'),
  status: manyOf(FLOW_STATUSES).optional(),
  service: many().optional(),
  environment: many().optional(),
  key: z.string().max(300).optional().describe('A business key: `value` or `name=value`'),
  incident: z.string().max(64).optional().describe('Flows of an incident, by its key'),
  from: instant().optional().describe('Started at or after: nanoseconds since 1970 or ISO 8601'),
  to: instant().optional().describe('Started before'),
  sort: z
    .enum(FLOW_SORTS)
    .optional()
    .describe(
      'By what the list is sorted: start, duration, last activity, how long it waits; default is started',
    ),
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .describe('desc, the default: newest, longest, latest or longest waiting first'),
  limit: whole(0, 1000).default(100).describe('How many to list; 0 only counts them'),
  cursor: z.string().max(200).optional().describe('`nextCursor` of the page before'),
});

export function readSearch(query: unknown, nowMs: number): FlowSearch {
  const parsed = searchSchema.safeParse(query);
  if (!parsed.success) throw invalid(parsed.error);
  const { q, type, status, service, environment, key, incident, from, to, limit, cursor } =
    parsed.data;
  const { sort = 'started', order } = parsed.data;
  const sorted = (sort !== 'started' || order === 'asc') && { by: sort, ascends: order === 'asc' };
  const tree = q === undefined ? null : parseQuery(q, nowMs);
  return {
    limit,
    ...(tree && { query: tree }),
    ...(type && { types: type }),
    ...(status && { statuses: status }),
    ...(service && { services: service }),
    ...(environment && { environments: environment }),
    ...(key !== undefined && { key }),
    ...(incident !== undefined && incident !== '' && { incidents: [incident] }),
    ...(from !== undefined && { from: readInstant(from) }),
    ...(to !== undefined && { to: readInstant(to) }),
    ...(sorted && { order: sorted }),
    ...(cursor !== undefined && { after: readCursor(cursor, sorted) }),
  };
}

export function invalid(error: z.ZodError): FermataError {
  const detail = error.issues
    .map(
      (issue) =>
        // The index of a value is left out of the name of its parameter, because the message quotes
        // the value itself.
        `${issue.path.join('.').replace(/\.\d+$/, '') || 'query'}: ${issue.code === 'unrecognized_keys' ? issue.message.toLowerCase() : issue.message}`,
    )
    .join('; ');
  return new FermataError('query.invalid', detail, {
    hint: 'The parameters are listed at /api/openapi.json.',
  });
}

/** Parameters that only apply to lists, and do not select flows. */
export const LIST_ONLY = { sort: true, order: true, limit: true, cursor: true } as const;

const orderText = (order: FlowOrder | false | undefined): string =>
  order ? `${order.by}${order.ascends ? '+' : '-'}` : 'started-';

/**
 * Writes a position in a list as a cursor. The cursor contains the order of the list, because in
 * another order it has no meaning.
 */
export const writeCursor = (
  { atMs, value, started, id }: FlowPosition,
  order?: FlowOrder | false,
): string =>
  Buffer.from([orderText(order), atMs, value, started, id].join(' ')).toString('base64url');

function readCursor(cursor: string, order: FlowOrder | false): FlowPosition {
  const text = Buffer.from(cursor, 'base64url').toString();
  const match = /^(\w+[+-]) (\d{1,15}) (\d{1,20}) (\d{1,20}) (\S{1,100})$/.exec(text);
  const [value, started] = [BigInt(match?.[3] ?? 0), BigInt(match?.[4] ?? 0)];
  const isOurs = match !== null && value <= MAX_UINT64 && started <= MAX_UINT64;
  if (!isOurs || match[1] !== orderText(order))
    throw new FermataError('query.invalid', 'cursor: not one of ours, or of another order', {
      hint: 'Start again without a cursor.',
    });
  return { atMs: Number(match[2]), value, started: unixNanos(started), id: match[5]! };
}

/**
 * Writes an instant as the cursor of a list that is sorted by time. The id distinguishes items of
 * the same instant.
 */
export const writeInstantCursor = (at: bigint, id: string): string =>
  Buffer.from(`${at} ${id}`).toString('base64url');

/** Reads what `writeInstantCursor` wrote. */
export function readInstantCursor(cursor: string): { at: UnixNanos; id: string } {
  const match = /^(\d{1,20}) (\S{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (!match || BigInt(match[1]!) > MAX_UINT64)
    throw new FermataError('query.invalid', 'cursor: not one of ours', {
      hint: 'Start again without a cursor.',
    });
  return { at: unixNanos(BigInt(match[1]!)), id: match[2]! };
}
const MAX_UINT64 = 0xffffffffffffffffn;
