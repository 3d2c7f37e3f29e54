import { ABSENCES, createLab, traceIdOf, type Flow } from '@fermata/server/lab';
import { play, type History, type Truth } from './histories.ts';
import { createPen, type Pen } from './pen.ts';
import { flowType, type FlowType } from './processes.ts';

/**
 * Simulates processes with rare branches, fan-outs, joins and batches, in which one consumer fails.
 * It measures how many lost messages are found, and how many completed flows are wrongly stuck.
 */
export interface ChoicesScore {
  flows: number;
  /**
   * Number of flows with a message that was never consumed, if the consumer had taken enough such
   * messages before to be learned.
   */
  untaken: number;
  /** Number of these flows that are stuck at the end with the right service named. */
  found: number;
  /**
   * The same numbers by how many such messages the consumer had taken before, including consumers
   * that were not learned yet.
   */
  byTaken: Map<string, { untaken: number; found: number }>;
  /** Number of completed flows. */
  whole: number;
  /**
   * Numbers of completed flows that were wrongly reported: stuck at the end (`falselyStuck`), stuck
   * at any time (`onceStuck`), late although no consumer was down (`falselyLate`).
   */
  falselyStuck: number;
  onceStuck: number;
  falselyLate: number;
  /**
   * Number of completed flows that took a rare branch, and how many of them are stuck at the end.
   */
  rare: number;
  rareStuck: number;
  /** Times until a flow was stuck, ms: since its deadline, and since the message was sent. */
  afterDeadlineMs: number[];
  afterSendingMs: number[];
  cases: Case[];
}

/** One kind of error in the flows of one type. */
export interface Case {
  wrong: 'not found' | 'falsely stuck' | 'falsely late';
  type: string;
  share: number;
  /** Number of undisturbed flows of the type before the first error. */
  soundBefore: number;
  takenBefore: number | null;
  flows: number;
  of: number;
  /** Description of the final state of the first flow with the error. */
  said: string;
}

/** Share of flows below which a branch counts as rare. */
const RARE = 0.05;
/** Number of messages of a kind after which the server has learned that a consumer takes them. */
export const MIN_TAKEN = 5;
const TAKEN = [0, 1, 3, 5, 10, 20, 50, 200, Infinity];
const bucketOf = (taken: number): string => {
  const at = TAKEN.findIndex((least) => least > taken);
  const [from, to] = [TAKEN[at - 1]!, TAKEN[at]!];
  return to === Infinity ? `${from} or more` : from === to - 1 ? `${from}` : `${from} to ${to - 1}`;
};

/** Bounds by description; each function returns whether a score keeps the bound. */
export const BOUNDS: Record<string, (score: ChoicesScore) => boolean> = {
  'untaken messages found: 99 %': ({ found, untaken }) => found >= 0.99 * untaken,
  'whole flows falsely stuck at the end: 1 of 1,000': ({ falselyStuck, whole }) =>
    falselyStuck <= whole / 1000,
  'flows of rare ways falsely stuck at the end: 1 of 1,000': ({ rareStuck, rare }) =>
    rareStuck <= rare / 1000,
};

export interface ChoicesOptions {
  seed: number;
  types: number;
  /** Minimum and maximum number of undisturbed flows before an outage. */
  before?: readonly [number, number];
  onProgress?(text: string): void;
}

const START_MS = 1_794_000_000_000;
const MINUTE = 60_000;
const STEP_MS = 2000;
/** Virtual time after the last flow in which errors may still be reported, ms. */
const AFTER_MS = 4 * 3_600_000;

export async function playChoices(options: ChoicesOptions): Promise<ChoicesScore> {
  const pen = createPen(options.seed);
  const truths = new Map<string, Truth>();
  const all: Truth[] = [];
  for (let i = 0; i < options.types; i++)
    all.push(...play(pen, historyOf(flowType(i, pen), pen, options.before ?? [50, 2000]), truths));
  const arrivals = pen.arrivals.sort((a, b) => a.atMs - b.atMs);

  const seen = new Map<Truth, Seen>(
    all.map((truth) => [truth, { lateMs: null, stuckMs: null, deadlineMs: null, flows: [] }]),
  );
  const truthOf = (flow: Flow): Truth | undefined => {
    for (const key of flow.members) {
      const truth = truths.get(traceIdOf(key));
      if (truth) return truth;
    }
    return undefined;
  };
  const lab = await createLab({
    startMs: START_MS,
    onFlow(flow) {
      if (flow.health === 'ok') return;
      const truth = truthOf(flow);
      if (!truth) return;
      const one = seen.get(truth)!;
      one.lateMs ??= lab.clock.now();
      if (flow.health === 'late' || one.stuckMs !== null) return;
      one.stuckMs = lab.clock.now();
      one.deadlineMs = Math.min(...absencesOf(flow).map(({ since }) => since));
    },
  });
  const from = performance.now();
  let told = 0;
  for (let at = 0; at < arrivals.length;) {
    const until = lab.clock.now() + STEP_MS;
    const due: (typeof arrivals)[number]['span'][] = [];
    while (at < arrivals.length && arrivals[at]!.atMs <= until) due.push(arrivals[at++]!.span);
    if (due.length > 0) await lab.deliver(due);
    await lab.advance(STEP_MS);
    if (at < (told * arrivals.length) / 10) continue;
    const seconds = Math.round((performance.now() - from) / 1000);
    options.onProgress?.(
      `${told++ * 10} % of ${arrivals.length} spans, ${all.length} flows, ${seconds} s`,
    );
  }
  for (let left = AFTER_MS; left > 0; left -= 30_000) await lab.advance(30_000);
  for (const { flow } of lab.flows.values()) {
    const truth = truthOf(flow);
    if (truth) seen.get(truth)!.flows.push(flow);
  }
  await lab.stop();
  return scoreOf(seen);
}

interface Seen {
  lateMs: number | null;
  stuckMs: number | null;
  deadlineMs: number | null;
  /** Flows that the server made of one simulated flow: several if its spans could not be joined. */
  flows: Flow[];
}

/**
 * Returns a history of undisturbed flows and usually an outage. The outage lasts forever, or ends,
 * after which all, some or none of the backlog is consumed.
 */
function historyOf(type: FlowType, pen: Pen, [least, most]: readonly [number, number]): History {
  const startMs = START_MS + pen.between(0, 10 * MINUTE);
  const { share } = type.victim;
  // For 60 % of the flow types enough flows precede the outage that the server can learn even rare
  // branches. For the other types the number of flows is random.
  const enough = pen.random() < 0.6 ? 12 / share : 0;
  const before = Math.round(Math.min(most, Math.max(pen.scaled(least, most), enough)));
  const everyMs = pen.scaled(3 * MINUTE, 90 * MINUTE) / before;
  const kind = pen.pick(['for ever', 'lost', 'lost', 'drained', 'partly', 'none'] as const);
  const meanwhileMs = Math.max(
    MINUTE,
    everyMs * Math.min(most / 2, Math.max(10, pen.between(6, 12) / share)),
  );
  const afterMs = kind === 'for ever' ? 0 : everyMs * pen.between(20, 100);
  const fromMs = startMs + before * everyMs;
  const toMs = kind === 'for ever' ? Infinity : fromMs + meanwhileMs;
  const starts: number[] = [];
  for (let atMs = startMs; atMs < fromMs + meanwhileMs + afterMs;) {
    starts.push(atMs);
    atMs += everyMs * pen.between(0.5, 1.5);
  }
  const drained = { 'for ever': 0, lost: 0, drained: 1, partly: 0.7, none: 1 }[kind];
  const drainMs = meanwhileMs * pen.between(0.05, 0.3);
  return {
    type,
    starts,
    outages: kind === 'none' ? [] : [{ kind: 'down', fromMs, toMs, drained, drainMs }],
  };
}

const absencesOf = (flow: Flow): Flow['findings'] =>
  flow.findings.filter(({ rule }) => (ABSENCES as readonly string[]).includes(rule));

function scoreOf(all: ReadonlyMap<Truth, Seen>): ChoicesScore {
  const score: ChoicesScore = {
    ...{
      flows: all.size,
      untaken: 0,
      found: 0,
      whole: 0,
      falselyStuck: 0,
      onceStuck: 0,
      falselyLate: 0,
    },
    ...{
      rare: 0,
      rareStuck: 0,
      byTaken: new Map(),
      afterDeadlineMs: [],
      afterSendingMs: [],
      cases: [],
    },
  };
  const cases = new Map<string, Case>();
  const totals = new Map<string, number>();
  const wrong = (truth: Truth, what: Case['wrong'], flows: readonly Flow[]): void => {
    const key = `${truth.type.name} ${what}`;
    const one = cases.get(key) ?? {
      ...{
        wrong: what,
        type: describe(truth.type),
        share: truth.share,
        soundBefore: truth.soundBefore,
      },
      ...{
        takenBefore: truth.untaken[0]?.takenBefore ?? null,
        flows: 0,
        of: 0,
        said: saidBy(flows),
      },
    };
    one.flows++;
    cases.set(key, one);
  };
  for (const [truth, { flows, lateMs, stuckMs, deadlineMs }] of all) {
    const isStuck = flows.some(({ health }) => health === 'stuck');
    const { name } = truth.type;
    const count = (what: string): void => void totals.set(what, (totals.get(what) ?? 0) + 1);
    const [untaken] = truth.untaken;
    if (untaken) {
      const found =
        isStuck && truth.untaken.some(({ service }) => flows.some((flow) => names(flow, service)));
      const bucket = bucketOf(untaken.takenBefore);
      const of = score.byTaken.get(bucket) ?? { untaken: 0, found: 0 };
      score.byTaken.set(bucket, { untaken: of.untaken + 1, found: of.found + (found ? 1 : 0) });
      if (untaken.takenBefore < MIN_TAKEN) continue;
      count(`${name} not found`);
      score.untaken++;
      if (!found) {
        wrong(truth, 'not found', flows);
        continue;
      }
      score.found++;
      if (stuckMs === null || deadlineMs === null) continue;
      score.afterDeadlineMs.push(stuckMs - deadlineMs);
      score.afterSendingMs.push(stuckMs - untaken.sentMs);
      continue;
    }
    score.whole++;
    count(`${name} falsely stuck`);
    count(`${name} falsely late`);
    if (truth.share < RARE) score.rare++;
    if (isStuck) {
      score.falselyStuck++;
      if (truth.share < RARE) score.rareStuck++;
      wrong(truth, 'falsely stuck', flows);
    }
    if (truth.held) continue;
    if (stuckMs !== null) score.onceStuck++;
    if (lateMs === null) continue;
    score.falselyLate++;
    if (!isStuck) wrong(truth, 'falsely late', flows);
  }
  for (const [key, one] of cases) one.of = totals.get(key)!;
  score.cases = [...cases.values()].sort(
    (a, b) => SEVERITY.indexOf(a.wrong) - SEVERITY.indexOf(b.wrong) || b.flows - a.flows,
  );
  return score;
}
const SEVERITY: readonly Case['wrong'][] = ['not found', 'falsely stuck', 'falsely late'];

const names = (flow: Flow, service: string): boolean =>
  absencesOf(flow).some((one) => one.service === service) ||
  flow.waitingFor.some((one) => one.service === service);

const describe = ({ name, kind, manner: { system, carries, named }, says }: FlowType): string =>
  `${name}, ${kind} (${system}, by ${carries}${named ? ', named' : ''}${says === 'nothing' ? '' : `, ${says}`})`;

function saidBy(flows: readonly Flow[]): string {
  return flows
    .map((flow) => {
      const found = absencesOf(flow)[0];
      const waiting = flow.waitingFor[0];
      const owes = waiting
        ? `waits for ${waiting.step} from ${waiting.service}, ${waiting.basis}, stuck at ${new Date(waiting.stuckAt).toISOString()}`
        : 'waits for nothing';
      return `${flow.idleOutcome ?? flow.status}: ${found ? `${found.rule}, ${found.summary}` : owes}`;
    })
    .join(' + ');
}

/** Adds up the scores of several seeds. */
export function inTotal(scores: readonly ChoicesScore[]): ChoicesScore {
  const sum = (of: (score: ChoicesScore) => number): number =>
    scores.reduce((a, b) => a + of(b), 0);
  const byTaken: ChoicesScore['byTaken'] = new Map();
  for (const [bucket, { untaken, found }] of scores.flatMap((score) => [...score.byTaken])) {
    const of = byTaken.get(bucket) ?? { untaken: 0, found: 0 };
    byTaken.set(bucket, { untaken: of.untaken + untaken, found: of.found + found });
  }
  return {
    flows: sum(({ flows }) => flows),
    untaken: sum(({ untaken }) => untaken),
    found: sum(({ found }) => found),
    byTaken,
    whole: sum(({ whole }) => whole),
    falselyStuck: sum(({ falselyStuck }) => falselyStuck),
    onceStuck: sum(({ onceStuck }) => onceStuck),
    falselyLate: sum(({ falselyLate }) => falselyLate),
    rare: sum(({ rare }) => rare),
    rareStuck: sum(({ rareStuck }) => rareStuck),
    afterDeadlineMs: scores.flatMap(({ afterDeadlineMs }) => afterDeadlineMs),
    afterSendingMs: scores.flatMap(({ afterSendingMs }) => afterSendingMs),
    cases: scores.flatMap(({ cases }) => cases),
  };
}
