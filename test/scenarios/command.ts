import { parseArgs } from 'node:util';
import { checkCases, define, lensDifferences } from './check.ts';
import { SCENARIOS, scenarioNamed } from './index.ts';
import { KAFKA, STANDARD } from '../support/brokers.ts';
import { runScenario } from './run.ts';
import type { Scenario, Seen } from './scenario.ts';

/**
 * This is `npm run scenario`. It runs against a running Fermata server
 * (OTEL_EXPORTER_OTLP_ENDPOINT, FERMATA_URL). Usage: `-- --list`, or `-- <name> [--fault x]
 * [--broker bus|amqp|nats|redis|bullmq|mqtt|kafka|<url>] [--rate n]`, or `-- <name|all> --check`.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    fault: { type: 'string' },
    broker: { type: 'string', default: 'bus' },
    rate: { type: 'string', default: '1' },
  },
});
const otlp = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? 'http://127.0.0.1:4318';
const web = process.env['FERMATA_URL'] ?? 'http://127.0.0.1:4320';
const BROKERS: Record<string, string> = {
  bus: '',
  ...Object.fromEntries(STANDARD.map(({ name, url }) => [name, url])),
  kafka: `kafka://${process.env['FERMATA_KAFKA'] ?? KAFKA}`,
};
const broker = BROKERS[values.broker] ?? values.broker;
const print = (text: string): void => void process.stdout.write(`${text}\n`);
const short = ({ status, findings, waiting }: Seen): string =>
  [
    status,
    ...(findings ?? []),
    ...(waiting?.length ? [`waits for ${waiting.join(', ')}`] : []),
  ].join(' · ');

if (values.list) list(SCENARIOS);
else if (values.check)
  await check(
    positionals[0] === undefined || positionals[0] === 'all'
      ? SCENARIOS
      : [scenarioNamed(positionals[0])],
  );
else if (positionals[0] === undefined) {
  print('Which one? `npm run scenario -- --list` names them.');
  process.exit(1);
} else await drive(scenarioNamed(positionals[0]));

function list(scenarios: readonly Scenario[]): void {
  for (const { name, summary, cases, faults } of scenarios) {
    print(`\n${name}\n  ${summary}`);
    for (const { name: title, fault, seen } of cases)
      print(`  - ${title}${fault ? ` [--fault ${fault}]` : ''}: ${short(seen)}`);
    const others = Object.keys(faults).filter((fault) => !cases.some((one) => one.fault === fault));
    if (others.length > 0) print(`  also: ${others.map((fault) => `--fault ${fault}`).join(', ')}`);
  }
}

/** Checks scenarios, and prints each case with the expected and the observed state. */
async function check(scenarios: readonly Scenario[]): Promise<void> {
  let wrong = 0;
  for (const scenario of scenarios) {
    await define(web, scenario);
    const running = await runScenario(scenario, { otlp, broker });
    try {
      const verdicts = await checkCases(scenario, running, {
        web,
        patienceMs: 30_000,
        prefix: `${Date.now().toString(36)}-`,
      });
      for (const { case: title, expected, seen, differences } of verdicts) {
        const ok = differences.length === 0;
        if (!ok) wrong++;
        print(
          `${ok ? 'ok   ' : 'WRONG'} ${scenario.name.padEnd(22)} ${title.padEnd(52)} ${short(expected)}${ok ? '' : ` | seen: ${seen ? short(seen) : 'nothing'} | ${differences.join('; ')}`}`,
        );
      }
      const unseen = await lensDifferences(scenario, { web, patienceMs: 30_000 });
      for (const difference of unseen) print(`WRONG ${scenario.name.padEnd(22)} ${difference}`);
      wrong += unseen.length;
      for (const { says } of unseen.length === 0 ? scenario.lenses : [])
        print(`ok    ${scenario.name.padEnd(22)} ${says}`);
    } finally {
      await running.stop();
    }
  }
  process.exit(wrong === 0 ? 0 : 1);
}

/** Places orders at a constant rate until Ctrl-C. */
async function drive(scenario: Scenario): Promise<void> {
  const { fault } = values;
  if (fault !== undefined && scenario.faults[fault] === undefined)
    throw new Error(
      `${scenario.name} has no fault "${fault}"; it has ${Object.keys(scenario.faults).join(', ')}`,
    );
  await define(web, scenario);
  const running = await runScenario(scenario, { otlp, broker });
  const strikes = fault === undefined ? undefined : scenario.faults[fault];
  if (strikes && 'kind' in strikes && strikes.kind === 'dead') running.kill(strikes.service);
  print(
    `${scenario.name}: ${values.rate} orders a second. Ctrl-C ends it. Flows: ${web}/flows?type=${scenario.flowType}`,
  );
  let number = Math.floor(Date.now() / 1000) % 1_000_000;
  const flagSets = scenario.cases.map((one) => one.flags ?? []);
  const timer = setInterval(
    () => {
      const flags = flagSets[number % flagSets.length] ?? [];
      running
        .placeOrder(
          { orderId: `${scenario.name}-${number++}`, flags, ...(fault !== undefined && { fault }) },
          true,
        )
        .catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    },
    1000 / Number(values.rate),
  );
  const stop = (): void => {
    clearInterval(timer);
    void running.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
