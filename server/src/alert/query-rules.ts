import { z } from 'zod';
import { durationMs, isDuration } from '../base/duration.ts';
import type { QueryRule, RuleGrouping } from '../model/query-rule.ts';
import { needsStore, type Query } from '../model/search.ts';

/** This file parses rules that operators write, in the file FERMATA_ALERTS or in the dashboard. */

export const duration = z
  .string()
  .refine(isDuration, 'is not a duration like 10s, 5m or 1d')
  .transform((text) => durationMs(text)!);

/** Schema of a rule, in the file and in the API. */
export const ruleSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,60}$/, 'is not a name like slow-checkout'),
  query: z.string().min(1).max(500),
  severity: z.enum(['critical', 'warning', 'info']).default('warning'),
  for: duration.default(0),
  groupBy: z
    .string()
    .regex(/^(type|rule|key:.{1,200})$/, 'is none of type, rule and key:NAME')
    .default('type')
    .transform((text) => text as RuleGrouping),
});
export type RuleFields = z.input<typeof ruleSchema>;
type Fields = z.output<typeof ruleSchema>;

/** Parses a query. Throws if the query is invalid, and returns null if it is empty. */
export type ParseQuery = (text: string) => Query | null;

/** Creates a rule from its fields. Returns a problem if the query cannot be used in a rule. */
export function ruleOf(
  { name, query: text, severity, for: forMs, groupBy }: Fields,
  source: QueryRule['source'],
  parseQuery: ParseQuery,
): { rule: QueryRule } | { problem: string } {
  try {
    const query = parseQuery(text);
    if (query === null) return { problem: 'the query is empty' };
    const unfit = whyUnfit(query);
    if (unfit !== null) return { problem: unfit };
    return { rule: { name, query, text, severity, forMs, groupBy, source } };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Returns why the query cannot be used in a rule, which is evaluated in memory when a flow changes;
 * null if it can.
 */
function whyUnfit(query: Query): string | null {
  if (asksTheCalendar(query))
    return 'since: and before: mean nothing in a rule; use duration or within';
  return needsStore(query)
    ? 'trait:, @attributes, p50 and p95 are known only of stored flows, not to a rule'
    : null;
}

const asksTheCalendar = (query: Query): boolean =>
  query.kind === 'time' ||
  (query.kind === 'not' && asksTheCalendar(query.of)) ||
  ((query.kind === 'and' || query.kind === 'or') && query.of.some(asksTheCalendar));
