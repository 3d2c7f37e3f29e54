import { createLab, traceIdOf } from '@fermata/server/lab';
import { SHAPES, type Shape } from './shapes.ts';
import { simulate } from './simulator.ts';

/** False alarms after a release that permanently drops a step (the mail after an order). */
export interface DeployScore {
  flowsAfter: number;
  alarms: number;
  /** Time from the release to the last alarm, ms. */
  lastAlarmMs: number;
}

/**
 * Simulates the release. If `mailLives` is true, the service that performed the step still sends
 * other spans. If it is false, the service is silent, so that the step may be missing because the
 * service is dead.
 */
export async function playDeploy(
  seed: number,
  flows: number,
  mailLives: boolean,
): Promise<DeployScore> {
  const startMs = 1_794_000_000_000;
  const before = SHAPES[0]!;
  const after = JSON.parse(JSON.stringify(before), (key, value: unknown) => {
    if (key !== 'next') return value;
    const text = JSON.stringify(value);
    return text.includes('MailReceipt') && !text.includes('ShipOrder') ? undefined : value;
  }) as Shape;
  const common = { stalls: 0, flows, overMs: 2 * 3_600_000 };
  const deployMs = startMs + common.overMs;
  const old = simulate({ ...common, seed, shapes: [before, SHAPES[1]!], startMs });
  const now = simulate({
    ...common,
    seed: seed + 100,
    shapes: mailLives ? [after, SHAPES[1]!] : [after, SHAPES[2]!],
    startMs: deployMs,
    version: '2.0.0',
  });
  const alarms = new Map<string, number>();
  const lab = await createLab({
    startMs,
    onFlow(flow) {
      const id = traceIdOf([...flow.members].sort()[0]!);
      if (flow.health === 'stuck' && !alarms.has(id)) alarms.set(id, lab.clock.now());
    },
  });
  const arrivals = [...old.arrivals, ...now.arrivals].sort((a, b) => a.atMs - b.atMs);
  for (let at = 0; at < arrivals.length;) {
    const until = lab.clock.now() + 1000;
    const due: (typeof arrivals)[number]['span'][] = [];
    while (at < arrivals.length && arrivals[at]!.atMs <= until) due.push(arrivals[at++]!.span);
    if (due.length > 0) await lab.deliver(due);
    await lab.advance(1000);
  }
  for (let i = 0; i < 60; i++) await lab.advance(10_000);
  await lab.stop();
  return {
    flowsAfter: flows / 2,
    alarms: alarms.size,
    lastAlarmMs: Math.max(0, ...alarms.values()) - deployMs,
  };
}
