import { createServer } from 'node:http';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { ATTR_STEP_NAME } from '@fermata/instrumentation/semconv';
import express from 'express';
import type { Bus, Delivered } from './bus/bus.ts';
import { connectBus } from './bus/index.ts';
import { scenarioNamed } from './index.ts';
import { lineOfFailure, linesAt, write } from './lines.ts';
import { listenAs, portOf } from './ports.ts';
import type { Action, Failure, Fault, Order } from './scenario.ts';

/**
 * This program runs one service of a scenario: `service.ts <scenario> <service>`. It interprets the
 * scenario's data.
 */
const [scenarioName = '', serviceName = ''] = process.argv.slice(2);
const scenario = scenarioNamed(scenarioName);
const spec = scenario.services.find((one) => one.name === serviceName)!;
const plain = process.env['FERMATA_PLAIN'] === '1';

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const flows = plain ? null : await import('@fermata/instrumentation');
const http = plain ? null : await import('@fermata/instrumentation/adapters/express');
const bus: Bus = await connectBus(process.env['BUS_URL'] ?? '', scenarioName);
const kept: Order[] = [];
const failures = new Map<string, number>();

interface At {
  order: Order;
  /** Routing slip of the message that is being handled. */
  itinerary: string[];
}

const faultAt = (order: Order, step: string): Exclude<Fault, { flag: string }> | undefined => {
  const fault = order.fault === undefined ? undefined : scenario.faults[order.fault];
  if (fault === undefined || 'flag' in fault || fault.service !== serviceName) return undefined;
  return !('step' in fault) || fault.step === undefined || fault.step === step ? fault : undefined;
};
const hasFlag = ({ flags, fault }: Order, flag: string): boolean => {
  const set = fault === undefined ? undefined : scenario.faults[fault];
  return flags.includes(flag) || (set !== undefined && 'flag' in set && set.flag === flag);
};

/** Logs the error of a fault and returns it. The error's name becomes its type in telemetry. */
function failureOf(step: string, failure: Failure | undefined, otherwise: string): Error {
  const error = new Error(failure?.message ?? otherwise);
  if (scenario.lines)
    write(
      lineOfFailure(serviceName, step, failure ?? { type: error.name, message: error.message }),
    );
  if (failure !== undefined) error.name = failure.type;
  return error;
}

/** Performs the actions of a step or path, with the order's fault if it affects them. */
async function perform(step: string, actions: Action[], at: At): Promise<void> {
  const fault = faultAt(at.order, step);
  for (const line of linesAt(scenario, step, at.order, (flag) => hasFlag(at.order, flag)))
    write(line);
  if (fault?.kind === 'slow') await pause(fault.ms);
  if (fault?.kind === 'hang') await pause(600_000);
  if (fault?.kind === 'silent') return;
  if (fault?.kind === 'fail')
    throw failureOf(step, fault.error, `${serviceName} could not ${step}`);
  if (fault?.kind === 'fail-times') {
    const key = `${at.order.orderId} ${step}`;
    const times = (failures.get(key) ?? 0) + 1;
    failures.set(key, times);
    if (times <= fault.times)
      throw failureOf(step, fault.error, `${serviceName} could not ${step} yet`);
  }
  await run(actions, at);
  if (fault?.kind === 'twice') await run(actions, at);
}

async function run(actions: Action[], at: At): Promise<void> {
  for (const action of actions) await one(action, at);
}

async function one(action: Action, at: At): Promise<void> {
  const { order } = at;
  const body = { order, sentAt: now() };
  const flowOf = (type = scenario.flowType) => ({
    id: order.orderId,
    type,
    keys: order.keys ?? { order_id: order.orderId },
  });
  if ('work' in action) return pause(action.work);
  if ('startFlow' in action)
    return flows === null
      ? run(action.startFlow, at)
      : flows.startFlow(
          {
            ...flowOf(action.type),
            ...(action.deadlineMs !== undefined && { deadline: Date.now() + action.deadlineMs }),
          },
          () => run(action.startFlow, at),
        );
  if ('publish' in action) return bus.publish('event', action.publish, action.to, body);
  if ('command' in action) return bus.publish('command', action.command, action.to, body);
  if ('reply' in action) return bus.publish('reply', action.reply, action.to, body);
  if ('call' in action) return call(action.of, action.call, order, action.timeoutMs ?? 10_000);
  if ('parallel' in action)
    return void (await Promise.all(action.parallel.map((part) => run(part, at))));
  if ('step' in action) return flows!.step(action.step, () => perform(action.step, action.do, at));
  if ('compensate' in action)
    return flows!.compensate(
      action.compensate,
      () => perform(action.by, action.do ?? [{ work: 3 }], at),
      {
        name: action.by,
      },
    );
  if ('if' in action) {
    const wanted = !action.if.startsWith('!');
    const holds = hasFlag(order, action.if.replace(/^!/, '')) === wanted;
    return run(holds ? action.do : (action.else ?? []), at);
  }
  if ('attempt' in action) {
    for (let attempt = 1; ; attempt++)
      try {
        return await run(action.attempt, at);
      } catch (error) {
        if (attempt >= (action.tries ?? 1)) {
          if (action.onFailure === undefined) throw error;
          return run(action.onFailure, at);
        }
        await pause((action.backoffMs ?? 20) * 2 ** (attempt - 1));
      }
  }
  if ('fail' in action) throw new Error(action.fail);
  if ('end' in action) {
    if (flows === null) return;
    const ends = {
      completed: flows.completeFlow,
      failed: flows.failFlow,
      compensated: flows.compensatedFlow,
      cancelled: flows.cancelFlow,
    };
    return ends[action.end]();
  }
  if ('route' in action)
    return bus.publish('event', 'Datum', `stop.${action.route[0]!}`, body, action.route);
  if ('forward' in action) {
    const [, ...rest] = at.itinerary;
    return rest.length === 0
      ? undefined
      : bus.publish('event', 'Datum', `stop.${rest[0]!}`, body, rest);
  }
  if ('expect' in action) return flows!.expectStep(action.expect, Date.now() + action.withinMs);
  if ('keep' in action) return void kept.push(order);
  for (const old of kept.splice(0))
    await flows!.withFlow({ id: old.orderId, type: scenario.flowType }, () =>
      bus.publish('event', action.replay, action.to, { order: old, sentAt: now() }),
    );
}

async function call(service: string, path: string, order: Order, timeoutMs: number): Promise<void> {
  const url = `http://127.0.0.1:${await portOf(service)}${path}`;
  const response = await (http?.flowFetch ?? fetch)(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`${service} answered ${response.status}`);
}

for (const { topic, step, do: actions } of spec.on ?? [])
  await bus.subscribe(topic, serviceName, async ({ body, itinerary }: Delivered) => {
    const { order, sentAt } = body as { order: Order; sentAt: number };
    // The step's name is set on the message's span, no matter which instrumentation made it.
    trace.getActiveSpan()?.setAttribute(ATTR_STEP_NAME, step);
    const at = now();
    say({ handled: step, order: order.orderId, waitMs: at - sentAt, atMs: at });
    await perform(step, actions, { order, itinerary });
  });

const app = express();
app.use(express.json());
if (http) app.use(http.flowMiddleware());
for (const { path, do: actions } of spec.http ?? [])
  app.post(path, async (request, response) => {
    const order = request.body as Order;
    try {
      await perform(path, actions, { order, itinerary: [] });
      response.status(202).json({ accepted: true });
    } catch (error) {
      trace.getActiveSpan()?.setStatus({ code: SpanStatusCode.ERROR, message: String(error) });
      response.status(502).json({ error: String(error) });
    }
  });
await listenAs(createServer(app), serviceName);
say({ ready: serviceName });
process.on('disconnect', () => process.exit(0));
