import type { WaitingFor } from '../../model/expectation.ts';
import { setKey } from '../keys.ts';
import { environmentOf, type Digest } from './digest.ts';
import { typesIn, type TypeModel } from './model.ts';
import { wilson } from './outcome-sets.ts';

/**
 * Finds endings that were reported as stalls and are legal. A flow that waits for something is not
 * learned from, or an outage would teach that silence is normal; but then a legal ending that is
 * learned late would be a stall for ever. It becomes legal once it recurred while the awaited
 * performer was at work, received each time in between: the ending of a dead consumer never does
 * (guarded by variants.test.ts).
 */
export interface Variants {
  /**
   * Records the ending of a quiet flow that still waits. Returns the flows with this ending once it
   * is legal; else none.
   */
  note(digest: Digest, owed: readonly WaitingFor[], model: TypeModel): readonly string[];
  isLegal(digest: Digest): boolean;
}

export interface VariantsOptions {
  /** Returns when this service last began this step, in any flow, ms; 0 if never. */
  performedAt(environment: string, service: string | null, step: string): number;
}

interface Ending {
  /** Number of occurrences; those without a sign of the awaited performer in between count once. */
  episodes: number;
  /** Last receipt of the awaited performer at the last count, ms. */
  heardMs: number;
  flowIds: string[];
  isLegal: boolean;
}

/**
 * Occurrences needed by an ending that contains something which never came together with what is
 * expected.
 */
const MIN_EPISODES = 3;
/**
 * Occurrences needed by an ending that is only the beginning of a longer path, as a stall is; it
 * must also reach `LEGAL_SHARE` of the flows.
 */
const MIN_EPISODES_OF_PREFIX = 12;
const LEGAL_SHARE = 0.005;
const MAX_ENDINGS = 2000;
const MAX_FLOWS = 500;

export function createVariants(options: VariantsOptions): Variants {
  const endings = new Map<string, Ending>();
  const nameOf = (digest: Digest): string => setKey([digest.type, ...typesIn(digest)]);
  const endingOf = (digest: Digest): Ending => {
    const name = nameOf(digest);
    let ending = endings.get(name);
    if (ending !== undefined) return ending;
    if (endings.size >= MAX_ENDINGS) endings.delete(endings.keys().next().value!);
    ending = { episodes: 0, heardMs: 0, flowIds: [], isLegal: false };
    endings.set(name, ending);
    return ending;
  };

  return {
    note(digest, owed, model) {
      // An untaken message is no choice of its sender.
      if (owed.length === 0 || owed.some((one) => one.hopId !== null)) return [];
      const environment = environmentOf(digest);
      const ending = endingOf(digest);
      if (!ending.flowIds.includes(digest.flowId)) ending.flowIds.push(digest.flowId);
      if (ending.flowIds.length > MAX_FLOWS) ending.flowIds.shift();
      const heardMs = Math.min(
        ...owed.map(({ service, step }) => options.performedAt(environment, service, step)),
      );
      const sinceMs = Math.max(...owed.map(({ since }) => since));
      if (heardMs > sinceMs && sinceMs > ending.heardMs) {
        ending.episodes++;
        ending.heardMs = heardMs;
      }
      ending.isLegal ||= isProven(ending, digest, owed, model);
      return ending.isLegal ? ending.flowIds.splice(0) : [];
    },
    isLegal: (digest) => endings.size > 0 && endings.get(nameOf(digest))?.isLegal === true,
  };
}

function isProven(
  { episodes }: Ending,
  digest: Digest,
  owed: readonly WaitingFor[],
  model: TypeModel,
): boolean {
  if (episodes < MIN_EPISODES) return false;
  const types = typesIn(digest);
  const awaited = [...model.about].filter(([, { name, service }]) =>
    owed.some((one) => one.step === name && one.service === service),
  );
  const isBeginning = awaited.some(([as]) => model.flows.holding([...types, as]) > 0);
  if (!isBeginning) return true;
  return (
    episodes >= MIN_EPISODES_OF_PREFIX &&
    wilson(episodes, model.flows.total + episodes).lower >= LEGAL_SHARE
  );
}
