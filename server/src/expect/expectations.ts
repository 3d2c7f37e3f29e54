import type { WaitingFor } from '../model/expectation.ts';
import type { Digest, DigestStep, Part } from './digest.ts';
import type { Histogram } from './histogram.ts';
import { typesIn, type StepModel, type TypeModel } from './model.ts';
import { MOST_WAITING, owedSince, waitingFor } from './waiting-for.ts';
import { FEWEST_SAMPLES, type Candidate, type Owed, type OutcomeSets } from './outcome-sets.ts';

/**
 * What a flow waits for, by what was learned. Pure: the same flow and model give the same answer. Asked of each step
 * first; of the flow as a whole, for joins, only if no step owes anything: one stall is said once.
 */
export function expectationsOf(digest: Digest, model: TypeModel, floorMs: number): WaitingFor[] {
  if (digest.aborted) return [];
  const found: WaitingFor[] = [];
  for (const step of digest.steps) {
    if (found.length >= MOST_WAITING) break;
    const known = model.steps.get(step.key);
    if (known === undefined) continue;
    if (step.running) {
      const lost = endOwed(step, known, floorMs);
      if (lost) found.push(lost);
      continue;
    }
    const owed = stillOwed(setsFor(known, step.version).owedAfter(step.follow), model);
    if (owed === null) continue;
    const since = owedSince(step, step.startMs);
    const entry = (candidates: Candidate[], certain: boolean): WaitingFor =>
      waiting({ digest, model, owed, candidates, certain, after: step, since, floorMs, waits: known.waits });
    for (const candidate of owed.certain) found.push(entry([candidate], true));
    if (owed.oneOf.length > 0) found.push(entry(owed.oneOf, false));
  }
  if (found.length < MOST_WAITING && digest.parts.length > 0)
    found.push(...ofParts(digest, model, floorMs, found));
  if (found.length > 0 || digest.steps.length === 0) return found;
  const owed = onProbation(digest, model) ? null : stillOwed(model.flows.owedAfter(typesIn(digest)), model);
  if (owed === null) return [];
  const last = digest.steps.reduce((a, b) => (b.startMs > a.startMs ? b : a));
  const since = owedSince(last, last.startMs);
  const all = owed.certain.length > 0 ? owed.certain.map((one) => [one]) : [owed.oneOf];
  return all.map((candidates) =>
    waiting({
      digest,
      model,
      owed,
      candidates,
      certain: owed.certain.length > 0,
      after: null,
      since,
      floorMs,
      waits: model.gaps,
    }),
  );
}

/** Of messages of a fan-out, where the step that sent them owes nothing as a whole. */
function ofParts(
  digest: Digest,
  model: TypeModel,
  floorMs: number,
  known: readonly WaitingFor[],
): WaitingFor[] {
  const found: WaitingFor[] = [];
  const spoken = new Set(known.map((one) => one.afterStepId));
  const steps = new Map(digest.steps.map((step) => [step.id, step]));
  // Of a hundred parts most are alike: what such a message owes is asked once.
  const owedOf = new Map<string, Owed | null>();
  const owedBy = ({ key, follow }: Part): Owed | null => {
    const alike = [key, ...follow].join('\u0001');
    let owed = owedOf.get(alike);
    if (owed === undefined)
      owedOf.set(alike, (owed = stillOwed(model.parts.get(key)?.owedAfter(follow) ?? null, model)));
    return owed;
  };
  for (const part of digest.parts) {
    if (known.length + found.length >= MOST_WAITING) break;
    const after = steps.get(part.stepId);
    const waits = after && model.steps.get(after.key)?.waits;
    const owed = spoken.has(part.stepId) ? null : owedBy(part);
    if (owed === null || after === undefined || waits === undefined) continue;
    const certain = owed.certain.length > 0;
    const common = {
      digest,
      model,
      owed,
      certain,
      after,
      part,
      since: owedSince(after, part.sentMs),
      floorMs,
      waits,
    };
    for (const candidates of certain ? owed.certain.map((one) => [one]) : [owed.oneOf])
      found.push(waiting({ ...common, candidates }));
  }
  return found;
}

/** Without what an operator accepted as gone. */
function stillOwed(owed: Owed | null, { accepted }: TypeModel): Owed | null {
  if (owed === null || accepted.size === 0) return owed;
  const certain = owed.certain.filter(({ key }) => !accepted.has(key));
  const oneOf = owed.oneOf.filter(({ key }) => !accepted.has(key));
  return certain.length === 0 && oneOf.length < Math.max(1, owed.oneOf.length)
    ? null
    : { ...owed, certain, oneOf };
}

/** A version with a record of its own is judged by that; a new one by what all versions did. */
function setsFor(known: StepModel, version: string): OutcomeSets {
  const own = known.byVersion.get(version);
  return own !== undefined && own.total >= FEWEST_SAMPLES ? own : known.sets;
}

/** Some step ran in a version too new to be judged: what the flow owed before the deploy may be owed no more. */
export function onProbation(digest: Digest, model: TypeModel): boolean {
  return digest.steps.some((step) => {
    const versions = model.steps.get(step.key)?.byVersion;
    if (versions === undefined || (versions.get(step.version)?.total ?? 0) >= FEWEST_SAMPLES) return false;
    return [...versions].some(([version, sets]) => version !== step.version && sets.total >= FEWEST_SAMPLES);
  });
}

interface Wait {
  digest: Digest;
  model: TypeModel;
  owed: Owed;
  candidates: Candidate[];
  certain: boolean;
  after: DigestStep | null;
  part?: Part;
  since: number;
  floorMs: number;
  waits: Map<string, Histogram>;
}

/** How much longer than ever seen a wait may be: 4.5 standard deviations of its logarithm. */
const DEVIATIONS = 4.5;

function waiting(wait: Wait): WaitingFor {
  const { model, candidates, after, since, owed } = wait;
  const best = candidates[0]!;
  const about = model.about.get(best.key);
  let late = 0;
  let stuck = 0;
  let lag = 0;
  for (const { key, probability } of candidates) {
    if (probability < 0.01) continue;
    const histogram = wait.waits.get(key);
    if (histogram === undefined) continue;
    late = Math.max(late, histogram.quantile(0.999));
    stuck = Math.max(stuck, longest(histogram));
    lag = Math.max(lag, model.about.get(key)?.lag.quantile(0.999) ?? 0);
  }
  const hop = after?.waiting.find((one) =>
    wait.part
      ? one.hopId === `${wait.part.sendSpanId}>`
      : candidates.some((c) => model.about.get(c.key)?.via.includes(one.destination)),
  );
  const names = candidates.map(({ key }) => model.about.get(key)?.name ?? key);
  return {
    id: `${wait.part?.sendSpanId ?? after?.id ?? 'flow'}>${candidates.map(({ key }) => key).join('|')}`.slice(
      0,
      300,
    ),
    afterStepId: after?.id ?? null,
    hopId: hop?.hopId ?? null,
    step: names[0]!,
    service: about?.service ?? null,
    message: hop?.destination ?? about?.via[0] ?? null,
    oneOf: candidates.length > 1 ? names.slice(0, 10) : [],
    certain: wait.certain,
    expectedAt: since + (wait.waits.get(best.key)?.quantile(0.5) ?? 0),
    since,
    lateAt: since + Math.max(wait.floorMs, late) + lag,
    stuckAt: since + Math.max(wait.floorMs, stuck) + lag,
    basis: 'learned',
    absence: hop ? 'undelivered-message' : about?.kind === 'reply' ? 'missing-reply' : 'missing-step',
    probability: candidates.length === 1 ? best.probability : 1,
    samples: owed.samples,
    provisional: owed.provisional,
  };
}

/** Longer is not normal, by what is known. */
export const longest = (histogram: Histogram): number => {
  const { mean, deviation } = histogram.spread();
  return Math.max(2 * histogram.quantile(0.999), Math.exp(mean + DEVIATIONS * deviation));
};

/** Between two heartbeats of a long step. */
const SIGN_MS = 60_000;

/** A step that announced its start owes an end. */
function endOwed(step: DigestStep, known: StepModel, floorMs: number): WaitingFor | null {
  const { durations } = known;
  if (durations.count < FEWEST_SAMPLES) return null;
  const since = owedSince(step, step.startMs);
  // Who gives signs of life hangs only once they stop.
  const alive = step.aliveMs > step.startMs ? step.aliveMs + step.behindMs + Math.max(floorMs, SIGN_MS) : 0;
  return waitingFor({
    id: `${step.id}>end`,
    afterStepId: step.id,
    step: step.name,
    service: step.service,
    expectedAt: since + durations.quantile(0.5),
    since,
    lateAt: Math.max(alive, since + Math.max(floorMs, durations.quantile(0.999))),
    stuckAt: Math.max(alive, since + Math.max(floorMs, longest(durations))),
    basis: 'learned',
    absence: 'lost-step',
    samples: Math.round(durations.count),
    provisional: durations.count < 800,
  });
}
