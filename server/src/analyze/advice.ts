import type { Coordination, Counted, NodeCount } from './coordination.ts';

/** A sentence for the architect, the numbers behind it, and where to look. */
export interface Advice {
  text: string;
  because: Record<string, number>;
  exampleFlowIds: string[];
  /** Id of the trait that the numbers are about; '' for all flows of the type. */
  trait: string;
}

type Rule = (report: Coordination, counted: Counted) => Advice[];

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const rounded = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
const list = (names: readonly string[]): string => names.join(', ');

/** Services in a chain of calls from which it is worth a word, and the share of time it blocks. */
const LONG_CHAIN = 4;
const MUCH_BLOCKED = 0.5;
/** Flows from which it means something that no step failed. */
const ENOUGH_FLOWS = 50;
/** Lag of a subscriber, ms, that people notice. */
const LONG_LAG_MS = 1000;

/** A chain of synchronous calls: everybody in it waits for the last. */
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

/** A choreography whose steps fail: what has to be undone is known nowhere. */
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

/** An orchestration in which nothing ever fails pays for coupling that it does not need. */
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

/** A failure that is not heard by everybody who may have something to undo. */
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

/** A conductor is a single point of failure. */
const singlePoint: Rule = ({ conductor, ifStops }) => {
  const one = ifStops.find(({ service }) => service === conductor);
  return one === undefined || one.flowsShare < 0.99
    ? []
    : [
        about(
          undefined,
          `If ${one.service} stops, ${percent(one.flowsShare)} of these flows stop.`,
          { flowsShare: one.flowsShare },
        ),
      ];
};

/** A copy that is far behind its source. */
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
