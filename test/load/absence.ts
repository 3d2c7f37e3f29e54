import { ABSENCES, createLab, traceIdOf, type Flow } from '@fermata/server/lab';
import type { Simulated } from './simulator.ts';

/** How well stalls were found, over all flows of a simulation. */
export interface Score {
  recall: number;
  precision: number;
  /** Share of the found stalls for which the missing step was named. */
  named: number;
  /** Share of the found stalls with a deadline that were reported within 5 s of it. */
  inTime: number;
  /**
   * Number of stalls that were found without a published deadline, because the flow stalled before
   * its type was learned.
   */
  inHindsight: number;
  falseAlarms: string[];
  missed: string[];
}

export interface Play {
  /** If set, arrivals are shuffled within this time window and every twentieth is duplicated. */
  shuffle?: { windowMs: number; random(): number };
  /** Share of the arrivals after which the server is restarted. */
  restartAt?: number;
  stepMs?: number;
  /** Virtual time after the last arrival in which stalls may still be found, ms. */
  afterMs?: number;
}

export async function play(
  simulated: Simulated,
  startMs: number,
  options: Play = {},
): Promise<Score> {
  interface First {
    finding: Flow['findings'][number];
    noticedMs: number;
    /**
     * The last `stuckAt` that was published before the flow was stuck; null if the flow was not
     * waiting for anything.
     */
    dueMs: number | null;
  }
  const first = new Map<string, First>();
  const published = new Map<string, number>();
  const roots = new Set(simulated.flows);
  const lab = await createLab({
    startMs,
    onFlow(flow) {
      const root = flow.members.map(traceIdOf).find((trace) => roots.has(trace));
      if (root === undefined || first.has(root)) return;
      const finding = flow.findings.find((one) =>
        (ABSENCES as readonly string[]).includes(one.rule),
      );
      if (finding)
        first.set(root, {
          finding,
          noticedMs: lab.clock.now(),
          dueMs: published.get(root) ?? null,
        });
      else if (flow.waitingFor.length > 0)
        published.set(root, Math.min(...flow.waitingFor.map(({ stuckAt }) => stuckAt)));
      // The server has learned that nothing more has to come, so the flow has no deadline any more.
      else published.delete(root);
    },
  });
  let arrivals = simulated.arrivals;
  if (options.shuffle) {
    const { shuffle } = options;
    arrivals = arrivals
      .flatMap((arrival, i) => (i % 20 === 0 ? [arrival, arrival] : [arrival]))
      .map((arrival) => ({ ...arrival, atMs: arrival.atMs + shuffle.random() * shuffle.windowMs }))
      .sort((a, b) => a.atMs - b.atMs);
  }
  const stepMs = options.stepMs ?? 1000;
  const restartAt =
    options.restartAt === undefined ? -1 : Math.floor(options.restartAt * arrivals.length);
  let at = 0;
  while (at < arrivals.length) {
    const until = lab.clock.now() + stepMs;
    const due: typeof arrivals = [];
    while (at < arrivals.length && arrivals[at]!.atMs <= until) due.push(arrivals[at++]!);
    if (due.length > 0) await lab.deliver(due.map(({ span }) => span));
    if (restartAt >= 0 && at >= restartAt && at - due.length < restartAt) await lab.restart();
    await lab.advance(stepMs);
  }
  for (let left = options.afterMs ?? 3_600_000; left > 0; left -= 10_000) await lab.advance(10_000);
  await lab.stop();

  const stalls = [...simulated.stalls];
  const found = stalls.filter(([root]) => first.has(root));
  const falseAlarms = [...first].filter(([root]) => !simulated.stalls.has(root));
  const named = found.filter(([root, stall]) => {
    const { finding } = first.get(root)!;
    return stall.missing.some((step) => finding.step === step || finding.summary.includes(step));
  });
  const unannounced = found.filter(([root]) => first.get(root)!.dueMs === null);
  const inTime = found.filter(([root]) => {
    const { dueMs, noticedMs } = first.get(root)!;
    return dueMs !== null && noticedMs <= dueMs + 5000;
  });
  return {
    recall: found.length / Math.max(1, stalls.length),
    precision: found.length / Math.max(1, found.length + falseAlarms.length),
    named: named.length / Math.max(1, found.length),
    inTime: inTime.length / Math.max(1, found.length - unannounced.length),
    inHindsight: unannounced.length,
    falseAlarms: falseAlarms.map(([root, { finding }]) => `${root.slice(0, 8)} ${finding.summary}`),
    missed: stalls
      .filter(([root]) => !first.has(root))
      .map(([root, stall]) => `${root.slice(0, 8)} ${stall.shape}: ${stall.missing.join('|')}`),
  };
}
