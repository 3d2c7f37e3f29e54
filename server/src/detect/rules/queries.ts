import type { Finding } from '../../model/expectation.ts';
import { groupValueOf, matchLasts, type QueryRule } from '../../model/query-rule.ts';
import { viewAt, type Flow } from '../../model/flow.ts';
import { eventsOf, likes, matchesQuery } from '../../model/search-match.ts';
import type { Query } from '../../model/search.ts';
import { spanIdOf } from '../../model/span.ts';
import { msOf } from '../../model/time.ts';
import { findingsOf, type FindingDraft } from '../rule.ts';

/**
 * Symptom: the condition that an operator's query describes. Who cares: that operator. False
 * alarms: flows that match the query and are not what the operator meant.
 *
 * Time alone can make a flow match a query (`duration>1h`, `A !> B within 15m`), so the instants at
 * which that may happen are computed from the flow. Returns a finding if the flow has matched
 * without interruption for `rule.forMs`. `lookAtMs` is the next instant, epoch ms, at which time
 * alone changes the result; null if there is none.
 */
export function evaluateQueryRule(
  rule: QueryRule,
  flow: Flow,
  settleMs: number,
  nowMs: number,
): { drafts: FindingDraft[]; lookAtMs: number | null } {
  // The query sees the flow as a list shows it: after its idle time the flow has ended, and its
  // duration no longer grows.
  const settlesAtMs = flow.idleOutcome === null ? null : flow.lastReceivedMs + settleMs;
  const answersAt = (ms: number): boolean =>
    matchesQuery(
      rule.query,
      settlesAtMs === null ? flow : viewAt(flow, 0, settlesAtMs, ms).flow,
      ms,
    );
  const instants = [...new Set(turningPoints(rule.query, flow))];
  if (settlesAtMs !== null) instants.push(settlesAtMs);
  instants.sort((a, b) => a - b);
  // Find the next instant at which time alone changes the answer. Instants at which the answer
  // stays the same are skipped, because each re-evaluation projects and writes the flow again.
  const answers = answersAt(nowMs);
  const coming = instants.find((at) => at > nowMs && answersAt(at) !== answers) ?? null;
  if (!answers) return { drafts: [], lookAtMs: coming };
  let since = flow.lastReceivedMs;
  for (const at of instants.reverse()) {
    if (at > nowMs) continue;
    if (!answersAt(at)) break;
    since = at;
    if (!answersAt(at - 1)) break;
  }
  const due = Math.min(since, nowMs) + rule.forMs;
  if (nowMs < due) return { drafts: [], lookAtMs: Math.min(due, coming ?? Infinity) };
  return {
    drafts: [
      {
        about: flow.flowId || spanIdOf(flow.members[0] ?? '') || flow.id,
        stepId: null,
        step: null,
        service: null,
        place: groupValueOf(rule, flow.keys),
        since: due,
        summary: `matches rule ${rule.name}: ${rule.text}`,
        evidence: [],
      },
    ],
    lookAtMs: coming,
  };
}

/**
 * Turns the drafts of a query rule into findings. Findings of all flow types share one incident if
 * the rule groups by `rule`.
 */
export const queryFindings = (
  rule: QueryRule,
  flow: Flow,
  drafts: readonly FindingDraft[],
): Finding[] =>
  findingsOf(
    {
      ...{ name: rule.name, severity: rule.severity },
      lasting: matchLasts(rule, flow),
    },
    rule.groupBy === 'rule' ? { environment: flow.environment, type: '' } : flow,
    drafts,
  );

/**
 * Returns the instants, epoch ms, at which a part of the query may begin or cease to match the flow
 * although nothing is received.
 */
function turningPoints(query: Query, flow: Flow): number[] {
  switch (query.kind) {
    case 'and':
    case 'or':
      return query.of.flatMap((part) => turningPoints(part, flow));
    case 'not':
      return turningPoints(query.of, flow);
    case 'number':
      // One ms is added because the query may say "greater than", which is false at the limit
      // itself.
      if (query.field === 'duration' && flow.phase !== 'ended')
        return [Math.floor(msOf(flow.started) + query.value) + 1];
      return query.field === 'quiet' ? [Math.floor(msOf(flow.lastProgress) + query.value) + 1] : [];
    case 'order':
      return query.not && query.withinMs !== null
        ? eventsOf(flow)
            .filter(({ name }) => likes(query.first, name))
            .map(({ atMs }) => atMs + query.withinMs! + 1)
        : [];
    default:
      return [];
  }
}
