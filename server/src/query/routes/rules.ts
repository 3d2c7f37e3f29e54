import type { Request } from 'express';
import { z } from 'zod';
import type { AlertRule, AlertRuleDraft } from '../../contract/index.ts';
import type { Flow } from '../../model/flow.ts';
import type { QueryRule } from '../../model/query-rule.ts';
import { BUILT_IN_RULES } from '../../model/rules.ts';
import { nanosFromMs } from '../../model/time.ts';
import type { FlowPage } from '../../store/index.ts';
import { previewOf } from '../rule-preview.ts';
import { missing, nameOf, read, type QueryContext, type Reply, type Route } from '../route.ts';

const ruleBody = z.strictObject({
  name: z.string().max(100).describe('Like `slow-checkout`'),
  query: z.string().max(500).describe('A query: flows that match it are reported'),
  severity: z.enum(['critical', 'warning', 'info']).default('warning'),
  for: z.string().max(20).default('0s').describe('How long a flow has to match, like `5m`'),
  groupBy: z
    .string()
    .max(210)
    .default('type')
    .describe('What shares an incident: `type`, `rule`, or `key:` and the name of a key'),
});
const previewBody = ruleBody.extend({ name: ruleBody.shape.name.default('preview') });

/** Routes for alert rules: built-in ones, those of a file, and those made in the dashboard. */
export const RULE_ROUTES: readonly Route[] = [
  {
    operation: 'listRules',
    path: '/api/v1/alerts/rules',
    scope: 'read',
    summary: 'Alert rules: those of the operator, and those that Fermata has of its own',
    handle: (context, _request, response) =>
      void response.json({
        items: context.rules.list().map(presentRule),
        builtIn: [...BUILT_IN_RULES],
      }),
  },
  {
    method: 'post',
    operation: 'saveRule',
    path: '/api/v1/alerts/rules',
    scope: 'admin',
    summary: 'Save an alert rule; one of the same name is replaced. Open flows are judged at once',
    isCreation: true,
    body: ruleBody,
    handle: saveRule,
  },
  {
    method: 'post',
    operation: 'previewRule',
    path: '/api/v1/alerts/rules/preview',
    scope: 'read',
    summary: 'What a rule would have reported in the last 14 days, as far as stored flows show it',
    body: previewBody,
    handle: preview,
    isHeavy: true,
  },
  {
    method: 'post',
    operation: 'deleteRule',
    path: '/api/v1/alerts/rules/{name}/delete',
    scope: 'admin',
    summary: 'Delete an alert rule that was made here',
    handle: deleteRule,
  },
];

const presentRule = ({ name, text, severity, forMs, groupBy, source }: QueryRule): AlertRule => ({
  ...{ name, query: text, severity, forMs, groupBy, source },
});

async function saveRule(
  context: QueryContext,
  request: Request,
  response: Reply<'saveRule'>,
): Promise<void> {
  const draft: AlertRuleDraft = read(ruleBody, request.body ?? {});
  response.status(201).json(presentRule(await context.rules.save(draft)));
}

async function deleteRule(
  context: QueryContext,
  request: Request,
  response: Reply<'deleteRule'>,
): Promise<void> {
  const name = nameOf(request, 'name');
  if (!(await context.rules.remove(name))) missing('rule', name);
  response.json({ ok: true });
}

const DAYS = 14;
const PAGE = 1000;
/** Maximum number of flows that a preview reads; `MAX_MS` limits its time, ms. */
const MAX_FLOWS = 10_000;
const MAX_MS = 8000;

async function preview(
  context: QueryContext,
  request: Request,
  response: Reply<'previewRule'>,
): Promise<void> {
  const nowMs = context.clock.now();
  // The rule is checked under the name `preview`, because the name of an existing rule that is
  // being edited would be refused as taken.
  const rule = context.rules.check({
    ...read(previewBody, request.body ?? {}),
    name: 'preview',
  });
  const fromMs = nowMs - DAYS * 86_400_000;
  const { flows, total } = await flowsOf(context, rule, fromMs);
  const types = [...new Set(flows.map(({ type }) => type))].slice(0, 100);
  const { severity } = rule;
  const channels = types.flatMap((flowType) =>
    context.alerts.channelsFor({ rule: rule.name, severity, flowType }),
  );
  response.json({
    ...previewOf({ rule, flows, total, fromMs, nowMs }),
    channels: severity === 'info' ? [] : [...new Set(channels)],
  });
}

/**
 * Reads the newest flows that match now, page by page, until `MAX_FLOWS` or `MAX_MS` is reached.
 */
async function flowsOf(
  { store, clock }: QueryContext,
  { query }: QueryRule,
  fromMs: number,
): Promise<{ flows: Flow[]; total: number }> {
  const untilMs = clock.now() + MAX_MS;
  const flows: Flow[] = [];
  let total = 0;
  let after: FlowPage['next'] = null;
  do {
    const page: FlowPage = await store.listFlows({
      ...{ query, from: nanosFromMs(fromMs), limit: PAGE },
      ...(after !== null && { after }),
    });
    for (const { flow } of page.items) flows.push(flow);
    if (after === null) total = page.total;
    after = page.next;
  } while (after !== null && flows.length < MAX_FLOWS && clock.now() < untilMs);
  return { flows, total };
}
