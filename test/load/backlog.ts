import { createLab, traceIdOf, type Flow } from '@fermata/server/lab';
import { play, type Outage, type Truth } from './histories.ts';
import { createPen, type Pen } from './pen.ts';
import type { FlowType, Step } from './processes.ts';

/**
 * Simulates a consumer that was down, hung or overloaded and then worked off its backlog.
 * Afterwards, a lost message must be detected about as fast as before, however long the outage was
 * and however many of the samples it delayed.
 */
export interface BacklogCase {
  trouble: Outage['kind'];
  lengthMs: number;
  /** Share of all flows so far that met the outage. */
  share: number;
  /** Number of undisturbed flows before the outage. */
  sound: number;
}

export interface BacklogScore extends BacklogCase {
  /**
   * Time from sending a lost message until its flow was stuck, ms, as the maximum of three
   * messages; Infinity if it was not detected. `afterMs` is the same after the outage.
   */
  beforeMs: number;
  afterMs: number;
  /**
   * Number of flows that were completed (`whole`), and how many of them are stuck at the end all
   * the same (`falselyStuck`).
   */
  whole: number;
  falselyStuck: number;
  /**
   * Number of flows that did not meet the outage but were stuck for a while, although their type
   * had been learned.
   */
  onceStuck: number;
  /** Description of the final state of the slowest lost flow. */
  said: string;
}

const MINUTE = 60_000;
/** Bound: after the outage, detection may take this many times as long as before. */
const SLOWER = 2;
/**
 * Detection time that is assumed for before the outage, ms, if too little had been learned to
 * detect anything.
 */
const UNKNOWN_MS = 90_000;
/**
 * Limit for faults in which a consumer handles some of its messages late: the server must detect a
 * stuck flow within this many times that delay, plus a minute.
 */
const SLOWER_THAN_SLOW = 6;
const limitMs = ({ trouble, lengthMs, beforeMs }: BacklogScore): number =>
  trouble === 'slow'
    ? SLOWER_THAN_SLOW * lengthMs + MINUTE
    : SLOWER * (beforeMs === Infinity ? UNKNOWN_MS : beforeMs);
export const BOUNDS: Record<string, (score: BacklogScore) => boolean> = {
  'lost afterwards: stuck within twice the time that it took before': (score) =>
    score.afterMs <= limitMs(score),
  'whole flows falsely stuck: 1 of 1,000': ({ falselyStuck, whole }) =>
    falselyStuck <= whole / 1000,
  'what was always slow is not called stuck for it: 1 of 1,000': ({ trouble, onceStuck, whole }) =>
    trouble !== 'slow' || onceStuck <= whole / 1000,
};

const LENGTHS_MS: readonly number[] = [1, 5, 20, 60, 120].map((minutes) => minutes * MINUTE);
const SHARES: readonly number[] = [0.05, 0.1, 0.2, 0.4, 0.6];
export const TROUBLES: readonly Outage['kind'][] = ['down', 'hung', 'overloaded'];

const SOUND = 300;
const YOUNG = 40;
const grid = (
  lengths: readonly number[],
  shares: readonly number[],
  sound: number,
): BacklogCase[] =>
  TROUBLES.flatMap((trouble) =>
    lengths.flatMap((lengthMs) => shares.map((share) => ({ trouble, lengthMs, share, sound }))),
  );
export const CASES: readonly BacklogCase[] = [
  ...grid(LENGTHS_MS, SHARES, SOUND),
  // The same with few flows before the outage, as on the first day of a new server.
  ...grid(LENGTHS_MS.slice(0, 3), [0.2, 0.6], YOUNG),
  ...LENGTHS_MS.slice(0, 2).flatMap((lengthMs) =>
    [0.05, 0.2].map((share): BacklogCase => ({ trouble: 'slow', lengthMs, share, sound: SOUND })),
  ),
];

const START_MS = 1_794_000_000_000;
const STEP_MS = 2000;
/** Step of virtual time while no spans arrive, ms. */
const IDLE_STEP_MS = 20_000;
const LOST = 3;
/** Time before and after the lost messages in which no other flow starts, ms. */
const APART_MS = MINUTE;
/** Maximum virtual time to wait for the detection, ms. */
const PATIENCE_MS = 6 * 3_600_000;

/** Number of flows after which a flow type counts as learned. */
const KNOWN = 150;

export async function playBacklog(one: BacklogCase, seed: number): Promise<BacklogScore> {
  const { sound } = one;
  const pen = createPen(seed);
  const type = chainOf(pen);
  const starts: number[] = [];
  let atMs = START_MS;
  const begin = (flows: number, everyMs: number): void => {
    for (let i = 0; i < flows; i++) starts.push((atMs += everyMs * pen.between(0.5, 1.5)));
  };
  const lose = (): Outage => {
    atMs += APART_MS;
    const fromMs = atMs;
    begin(LOST, 2000);
    atMs += APART_MS;
    return { kind: 'down', fromMs, toMs: atMs - 1, drained: 0, drainMs: 0 };
  };
  const everyMs = pen.between(2000, 10_000);
  begin(sound, everyMs);
  const first = lose();
  begin(20, everyMs);
  atMs += APART_MS;
  const isSlow = one.trouble === 'slow';
  const fromMs = isSlow ? START_MS : atMs;
  const many = Math.round((sound * one.share) / (1 - one.share));
  begin(many, isSlow ? everyMs : one.lengthMs / many);
  const toMs = isSlow ? Infinity : fromMs + one.lengthMs;
  const drainMs = isSlow ? one.lengthMs : pen.between(0.05, 0.3) * one.lengthMs;
  const drained = isSlow ? one.share : 1;
  const trouble: Outage = { kind: one.trouble, fromMs, toMs, drained, drainMs };
  const troubledMs = atMs;
  atMs = isSlow ? atMs : toMs + drainMs + APART_MS;
  begin(40, everyMs);
  const second = lose();
  const truths = new Map<string, Truth>();
  const all = play(pen, { type, starts, outages: [first, second, trouble] }, truths);

  const stuckMs = new Map<Truth, number>();
  const last = new Map<Truth, Flow>();
  const lab = await createLab({
    startMs: START_MS,
    onFlow(flow) {
      const truth = flow.members
        .map((key) => truths.get(traceIdOf(key)))
        .find((known) => known !== undefined);
      if (!truth) return;
      last.set(truth, flow);
      if (flow.health === 'stuck' && !stuckMs.has(truth)) stuckMs.set(truth, lab.clock.now());
    },
  });
  const arrivals = pen.arrivals.sort((a, b) => a.atMs - b.atMs);
  for (let at = 0; at < arrivals.length;) {
    const stepMs = arrivals[at]!.atMs - lab.clock.now() > IDLE_STEP_MS ? IDLE_STEP_MS : STEP_MS;
    await lab.advance(stepMs);
    const due: (typeof arrivals)[number]['span'][] = [];
    while (at < arrivals.length && arrivals[at]!.atMs <= lab.clock.now())
      due.push(arrivals[at++]!.span);
    if (due.length > 0) await lab.deliver(due);
  }
  const lost = all.filter(({ untaken }) => untaken.length > 0);
  const before = lost.filter(({ untaken }) => untaken[0]!.sentMs < troubledMs);
  const after = lost.filter(({ untaken }) => untaken[0]!.sentMs >= troubledMs);
  const isDone = (): boolean => after.every((truth) => stuckMs.has(truth));
  for (let left = PATIENCE_MS; left > 0 && !isDone(); left -= STEP_MS) await lab.advance(STEP_MS);
  for (let left = 10 * MINUTE; left > 0; left -= IDLE_STEP_MS) await lab.advance(IDLE_STEP_MS);
  await lab.stop();

  const tookMs = (truth: Truth): number =>
    (stuckMs.get(truth) ?? Infinity) - truth.untaken[0]!.sentMs;
  const slowest = [...after].sort((a, b) => tookMs(b) - tookMs(a))[0]!;
  const whole = all.filter(({ untaken }) => untaken.length === 0);
  return {
    ...one,
    beforeMs: Math.max(...before.map(tookMs)),
    afterMs: Math.max(...after.map(tookMs)),
    whole: whole.length,
    falselyStuck: whole.filter((truth) => last.get(truth)?.health === 'stuck').length,
    onceStuck: whole.filter(
      (truth) => !truth.held && truth.soundBefore >= KNOWN && stuckMs.has(truth),
    ).length,
    said: saidBy(last.get(slowest)),
  };
}

/**
 * Returns a flow type of four steps in sequence. One of its consumers is the one that will fail.
 */
function chainOf(pen: Pen): FlowType {
  const label = pen.pick(['orders', 'claims', 'parcels', 'refunds']);
  const steps = Array.from({ length: 4 }, (_, n): Step => ({
    name: `${label}-${n}`,
    service: `${label}-service-${n}`,
    workMs: pen.scaled(5, 500),
    out: [],
  }));
  const takers = steps
    .slice(1)
    .map((step) => ({ step, waitMs: pen.scaled(5, 1000), queue: `to-${step.name}` }));
  takers.forEach((taker, n) =>
    steps[n]!.out.push({ kind: 'message', message: { destination: taker.queue, takers: [taker] } }),
  );
  return {
    name: label,
    kind: 'messages',
    manner: {
      system: 'kafka',
      carries: pen.pick(['link', 'parent']),
      named: pen.random() < 0.5,
      ids: true,
    },
    root: steps[0]!,
    victim: { taker: pen.pick(takers), share: 1 },
    says: 'nothing',
    beginnings: { lost: 0, late: 0 },
  };
}

function saidBy(flow: Flow | undefined): string {
  if (flow === undefined) return 'nothing was heard of it';
  const [waiting] = flow.waitingFor;
  const owes = waiting
    ? `waits for ${waiting.step}, stuck ${Math.round((waiting.stuckAt - waiting.since) / 1000)} s after it was sent, by ${waiting.samples} samples`
    : 'waits for nothing';
  return `${flow.idleOutcome ?? flow.status}: ${owes}`;
}
