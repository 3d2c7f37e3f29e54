import type { Coordination, Counted, NodeCount } from './coordination.ts';

/** One piece of advice: a sentence for the architect, the numbers behind it, and examples. */
export interface Advice {
  text: string;
  because: Record<string, number>;
  exampleFlowIds: string[];
  /** Id of the trait that the numbers are about; '' for all flows of the type. */
  trait: string;
}

type Rule = (report: Coordination, counted: Counted) => Advice[];

const percent = (share: number): string => `${Math.round(share * 100)} %`;
function rounded(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const s = Math.round(ms / 1000);
  return s < 3600
    ? `${Math.floor(s / 60)} min ${s % 60} s`
    : `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
const list = (names: readonly string[]): string => names.join(', ');

/**
 * Minimum number of services in a chain of calls, and minimum share of its time that a step waits
 * for the chain, for the chain to be reported.
 */
const LONG_CHAIN = 4;
const MUCH_BLOCKED = 0.5;
/** Minimum number of flows for the absence of failed steps to mean something. */
const ENOUGH_FLOWS = 50;
/**
 * A subscriber is reported if it is at least this long, ms, behind the sender of its messages,
 * because people notice such a lag.
 */
const LONG_LAG_MS = 1000;

/**
 * Reports long chains of synchronous calls, because every service in a chain waits for the last.
 */
const longChains: Rule = ({ blocked }, { nodes }) =>
  blocked
    .filter(({ chainDepth, share }) => chainDepth >= LONG_CHAIN && share >= MUCH_BLOCKED)
    .slice(0, 3)
    .map(({ service, step, share, ms, chainDepth }) =>
      about(
        nodes.find((node) => node.service === service && node.step === step),
        `${service} waits ${rounded(ms)} (${percent(share)} of ${step}) at the top of a chain of ${chainDepth} services that call each other and wait. Let it go on without the answer, or keep a copy of what it asks for.`,
        { chainDepth, blockedMs: ms, share },
      ),
    );

/**
 * Reports choreographies whose steps fail, because no single service knows what has to be undone.
 */
const failingChoreography: Rule = ({ verdict, flows, failureAudience }, { nodes }) => {
  const failing = nodes.filter(({ failed }) => failed > 0).sort((a, b) => b.failed - a.failed);
  const [worst] = failing;
  if (verdict !== 'choreographed' || (worst === undefined && failureAudience.length === 0))
    return [];
  const failed = failing.reduce((sum, node) => sum + node.failed, 0);
  const what =
    worst === undefined ? failureAudience[0]!.failure : `${worst.step} (${worst.service})`;
  return [
    about(
      worst,
      `This choreography has a step that can fail: ${what}. Undoing is spread over its services; where failures matter, a conductor holds them in one place.`,
      { failedSteps: failed, flows },
    ),
  ];
};

/**
 * Reports an orchestration in which nothing ever fails, because it pays for coupling that it does
 * not need.
 */
const needlessConductor: Rule = ({ verdict, conductor, coupling, flows }, { nodes }) =>
  verdict === 'orchestrated' &&
  flows >= ENOUGH_FLOWS &&
  nodes.every(({ failed, compensated }) => failed === 0 && compensated === 0)
    ? [
        about(
          undefined,
          `No step failed in ${flows} flows. If the order of the steps does not matter, events would spare ${conductor!} to know ${coupling} services.`,
          { flows, coupling },
        ),
      ]
    : [];

/** Reports failures that are not told to every service that may have something to undo. */
const unheardFailures: Rule = ({ failureAudience }) =>
  failureAudience.flatMap(({ failure, mustHear, hear }) => {
    const deaf = mustHear.filter((service) => !hear.includes(service));
    return deaf.length === 0
      ? []
      : [
          about(
            undefined,
            `${list(deaf)} did something before ${failure} and ${deaf.length === 1 ? 'does' : 'do'} not hear of it.`,
            { mustHear: mustHear.length, hear: hear.length },
          ),
        ];
  });

/** Reports that the conductor is a single point of failure. */
const singlePoint: Rule = ({ conductor, ifStops }) => {
  const one = ifStops.find(({ service }) => service === conductor);
  return one === undefined || one.heldShare < 0.99
    ? []
    : [
        about(
          undefined,
          `If ${one.service} stops, ${percent(one.heldShare)} of these flows stop.`,
          { heldShare: one.heldShare },
        ),
      ];
};

/**
 * Reports subscribers that receive messages long after they were sent, so that their data is far
 * behind its source.
 */
const laggards: Rule = ({ listeners }) =>
  listeners
    .filter(({ lagMs }) => lagMs.p99 >= LONG_LAG_MS)
    .slice(0, 3)
    .map(({ service, message, from, lagMs, nowMs, exampleFlowIds }) => ({
      ...about(
        undefined,
        `${service} is up to ${rounded(lagMs.p99)} (p99; ${rounded(nowMs)} now) behind ${from} with ${message}.`,
        { p50Ms: lagMs.p50, p99Ms: lagMs.p99, nowMs },
      ),
      exampleFlowIds,
    }));

const RULES: readonly Rule[] = [
  longChains,
  failingChoreography,
  unheardFailures,
  laggards,
  singlePoint,
  needlessConductor,
];

const about = (
  node: NodeCount | undefined,
  text: string,
  because: Record<string, number>,
): Advice => ({
  ...{ text, because },
  exampleFlowIds: node?.exampleFlowIds ?? [],
  trait: node?.id ?? '',
});

export const adviceFor = (report: Coordination, counted: Counted): Advice[] =>
  RULES.flatMap((rule) => rule(report, counted));
