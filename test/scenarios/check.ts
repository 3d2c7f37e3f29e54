import type { Flow } from '@fermata/server/contract';
import { notShown, type Case, type LensSeen, type Scenario, type Seen } from './scenario.ts';
import type { RunningScenario } from './run.ts';
import { eventually } from '../support/eventually.ts';

/** Result of comparing what the API returns for one case of a scenario with what is expected. */
export interface Verdict {
  case: string;
  expected: Seen;
  /** The last observation; null if no flow was found. */
  seen: Seen | null;
  /** Descriptions of differences; empty if everything is as expected. */
  differences: string[];
}

export interface Checker {
  /** Base URL of the dashboard and API. */
  web: string;
  /** Maximum time to wait for the expected state, ms. */
  patienceMs: number;
  /** Prefix of order ids that keeps this run apart from others. */
  prefix: string;
}

/** Sends the scenario's flow definition to the server, if it has one. */
export async function define(
  web: string,
  { definition, conductor, flowType }: Scenario,
): Promise<void> {
  if (definition === undefined && conductor === undefined) return;
  const response = await fetch(`${web}/api/v1/definitions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(conductor ? { conductor } : { flows: { [flowType]: definition } }),
  });
  if (!response.ok)
    throw new Error(`the definition of ${flowType} was refused: ${await response.text()}`);
}

/**
 * Checks all cases of a scenario. Cases in which a service is killed run one after another, all
 * others at the same time.
 */
export async function checkCases(
  scenario: Scenario,
  running: RunningScenario,
  checker: Checker,
): Promise<Verdict[]> {
  const deadOf = (one: Case): string | null => {
    const fault = one.fault === undefined ? undefined : scenario.faults[one.fault];
    return fault !== undefined && 'kind' in fault && fault.kind === 'dead' ? fault.service : null;
  };
  const place = async (one: Case): Promise<string> => {
    const orderId = `${checker.prefix}${scenario.name}-${scenario.cases.indexOf(one)}`;
    const { flags = [], fault } = one;
    await running.placeOrder({ orderId, flags, ...(fault !== undefined && { fault }) }, true);
    if (one.then !== undefined) await running.ask(one.then);
    return orderId;
  };
  const verdict = async (name: string, orderId: string, expected: Seen): Promise<Verdict> => {
    let last: Verdict | undefined;
    const look = async (): Promise<void> => {
      const flow = await flowNamed(checker.web, orderId);
      const seen = flow && seenOf(flow, expected);
      const differences = seen
        ? differencesOf(expected, seen)
        : ['there is no one flow of this order'];
      if (differences.length > 0 && flow)
        for (const { step, since, stuckAt } of flow.waitingFor)
          differences.push(
            `waits for ${step} since ${since}, stuck at ${stuckAt}; it is ${new Date().toISOString()}`,
          );
      last = { case: name, expected, seen, differences };
      if (differences.length > 0) throw new Error(differences.join('; '));
    };
    await eventually(look, checker.patienceMs).catch((error: unknown) => {
      if (last === undefined) throw error;
    });
    return last!;
  };
  const alive = scenario.cases.filter((one) => deadOf(one) === null);
  const ids = await Promise.all(alive.map(place));
  const verdicts = await Promise.all(alive.map((one, i) => verdict(one.name, ids[i]!, one.seen)));
  for (const one of scenario.cases) {
    const dead = deadOf(one);
    if (dead === null) continue;
    running.kill(dead);
    const id = await place(one);
    verdicts.push(await verdict(one.name, id, one.seen));
    await running.revive(dead);
    if (one.afterwards) verdicts.push(await verdict(`${one.name}: afterwards`, id, one.afterwards));
  }
  return verdicts;
}

/**
 * Returns differences between what lenses (statistics over many flows) show and what the scenario
 * expects. Repeats the comparison for a while, because the newest orders may not be stored yet.
 */
export async function lensDifferences(
  scenario: Scenario,
  { web, patienceMs }: Pick<Checker, 'web' | 'patienceMs'>,
): Promise<string[]> {
  const differencesIn = async ({ lens, says, shows }: LensSeen): Promise<string[]> => {
    const type = encodeURIComponent(scenario.flowType);
    const response = await fetch(`${web}/api/v1/lenses/${lens}?type=${type}`);
    if (!response.ok) return [`${lens} answers ${response.status}`];
    return notShown(await response.json(), shows).map((difference) => `${says}: ${difference}`);
  };
  let differences: string[] = [];
  await eventually(async () => {
    differences = (await Promise.all(scenario.lenses.map(differencesIn))).flat();
    if (differences.length > 0) throw new Error(differences.join('; '));
  }, patienceMs).catch(() => undefined);
  return differences;
}

async function flowNamed(web: string, name: string): Promise<Flow | null> {
  const response = await fetch(`${web}/api/v1/flows/${name}`);
  return response.status === 200 ? ((await response.json()) as Flow) : null;
}

const unique = (list: string[]): string[] => [...new Set(list)].sort();

function seenOf(flow: Flow, expected: Seen): Seen {
  const undo = flow.steps
    .filter((step) => step.compensates !== null)
    .sort((a, b) => (BigInt(a.startUnixNano) < BigInt(b.startUnixNano) ? -1 : 1));
  return {
    status: flow.phase === 'ended' && flow.health !== 'ok' ? flow.health : flow.status,
    steps: flow.steps.map((step) => `${step.service}: ${step.name}`).sort(),
    failed: unique(flow.steps.filter((step) => step.status === 'failed').map((step) => step.name)),
    findings: unique(
      flow.findings.filter((finding) => finding.severity !== 'info').map((finding) => finding.rule),
    ),
    waiting: unique(flow.waitingFor.map((waiting) => waiting.step)),
    attempts: Object.fromEntries(
      flow.steps
        .filter((step) => step.name in (expected.attempts ?? {}))
        .map((step) => [step.name, step.attempts.length]),
    ),
    undone: undo.map((step) => step.compensates!),
    ...(expected.path && { path: pathOf(flow) }),
    ...(expected.mostly && { mostly: flow.timeSpent[0]!.kind }),
  };
}

const pathOf = (flow: Flow): string[] => {
  const steps = new Map(flow.steps.map((step) => [step.id, `${step.service}: ${step.name}`]));
  return [
    ...new Set(flow.criticalPath.flatMap(({ stepId }) => (stepId && steps.get(stepId)) || [])),
  ];
};

function differencesOf(expected: Seen, seen: Seen): string[] {
  const differences: string[] = [];
  const differ = (what: string, wanted: unknown, got: unknown): void => {
    if (JSON.stringify(wanted) !== JSON.stringify(got))
      differences.push(`${what}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  };
  differ('status', expected.status, seen.status);
  if (expected.steps.includes('…')) {
    const missing = expected.steps.filter((step) => step !== '…' && !seen.steps.includes(step));
    if (missing.length > 0) differences.push(`not among the steps: ${missing.join(', ')}`);
  } else differ('steps', [...expected.steps].sort(), seen.steps);
  differ('failed', unique(expected.failed ?? []), seen.failed);
  const { undone, waiting, attempts, path, mostly } = expected;
  differ('findings', unique(expected.findings ?? []), seen.findings);
  if (waiting) differ('waiting for', unique(waiting), seen.waiting);
  if (attempts) differ('attempts', attempts, seen.attempts);
  if (undone) differ('undone', undone, seen.undone);
  if (path) differ('critical path', path, seen.path);
  if (mostly) differ('most time', mostly, seen.mostly);
  return differences;
}
