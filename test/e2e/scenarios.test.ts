import type { Flow } from '@fermata/server/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCENARIOS, scenarioNamed } from '../scenarios/index.ts';
import { checkCases, define, lensDifferences } from '../scenarios/check.ts';
import { runScenario } from '../scenarios/run.ts';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

const brokers = await findBrokers('amqp', 'kafka');
const rabbitMq = brokers.find(({ name }) => name === 'amqp');
const kafka = brokers.find(({ name }) => name === 'kafka');

describe('scenarios as separate processes', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  beforeAll(async () => {
    server = await startServer(directory.path, { FERMATA_SETTLE: '1s', FERMATA_STUCK_FLOOR: '1s' });
  });
  afterAll(async () => {
    for (const broker of brokers) broker.stop();
    await server.end('SIGTERM');
    directory.remove();
  });
  const flowOf = (orderId: string, complete: (flow: Flow) => void): Promise<Flow> =>
    eventually(async () => {
      const response = await fetch(`${server.web}/api/v1/flows/${orderId}`);
      expect(response.status, `one flow is known as ${orderId}`).toBe(200);
      const flow = (await response.json()) as Flow;
      complete(flow);
      return flow;
    }, 20_000);

  /** Runs a scenario, and expects each of its cases to be shown as the scenario's data says. */
  const isSeen = async (name: string, prefix: string, broker = ''): Promise<void> => {
    const scenario = scenarioNamed(name);
    await define(server.web, scenario);
    const running = await runScenario(scenario, { otlp: server.otlp, broker });
    const verdicts = await checkCases(scenario, running, {
      web: server.web,
      patienceMs: 25_000,
      prefix,
    });
    await running.stop();
    for (const verdict of verdicts) expect(verdict.differences, verdict.case).toEqual([]);
  };

  test.each(SCENARIOS.map((scenario) => scenario.name))(
    '%s: every case is seen as its data says',
    async (name) => {
      await isSeen(name, 'seen-');
      const scenario = scenarioNamed(name);
      const checker = { web: server.web, patienceMs: 25_000 };
      expect(await lensDifferences(scenario, checker)).toEqual([]);
    },
    120_000,
  );

  // Kafka has no dead letters, so here the consumer sends them. The scenarios' own broker moves
  // failed messages itself.
  test.runIf(kafka)(
    'queue-outage over Kafka: every case is seen as its data says',
    () => isSeen('queue-outage', 'kafka-', kafka!.url),
    120_000,
  );

  test.runIf(rabbitMq)(
    'a service with OpenTelemetry’s own instrumentation and nothing of ours still joins',
    async () => {
      const running = await runScenario(scenarioNamed('checkout-choreographed'), {
        otlp: server.otlp,
        broker: rabbitMq!.url,
        plain: ['warehouse'],
      });
      await running.placeOrder({ orderId: 'plain-1', flags: ['member'] });
      const flow = await flowOf('plain-1', (found) => {
        expect(found.services).toEqual(['checkout', 'email', 'rewards', 'warehouse']);
        expect(found.steps.filter((step) => step.service === 'checkout')).toHaveLength(2);
        expect(found.hops.filter((hop) => hop.state === 'delivered')).toHaveLength(4);
      });
      expect(
        flow.hops.find(
          (hop) => hop.to === flow.steps.find((step) => step.service === 'warehouse')!.id,
        )!.evidence.length,
      ).toBeGreaterThan(0);
      await running.stop();
    },
    60_000,
  );
});
