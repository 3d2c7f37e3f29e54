import { deleteOldest } from '../../base/oldest.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import { setKey } from '../keys.ts';
import { environmentOf, type Digest } from './digest.ts';
import { typesIn, type TypeModel } from './model.ts';
import { wilson } from './outcome-sets.ts';

/**
 * Finds endings that were reported as stalls but are legal. A flow that waits for something is not
 * learned from, because otherwise an outage would teach that silence is normal. But then a legal
 * ending that first occurs late would be reported as a stall for ever. So an ending becomes legal
 * once it has recurred while the awaited service was at work. The service was at work if the
 * awaited step was received between the occurrences. The endings that a dead consumer causes never
 * fulfil this condition (guarded by variants.test.ts).
 */
export interface Variants {
  /**
   * Records the ending of a quiet flow that still waits for something. If this ending is legal,
   * returns the flows with it; otherwise none.
   */
  note(digest: Digest, owed: readonly WaitingFor[], model: TypeModel): readonly string[];
  isLegal(digest: Digest): boolean;
}

export interface VariantsOptions {
  /** Returns when this service last began this step, in any flow, in ms since 1970; 0 if never. */
  performedAt(environment: string, service: string | null, step: string): number;
}

interface Ending {
  /**
   * Number of times the ending occurred. Occurrences between which the awaited step was not seen
   * count as one.
   */
  episodes: number;
  /** When the awaited step last began, as known at the last count, in ms since 1970. */
  heardMs: number;
  flowIds: string[];
  isLegal: boolean;
}

/**
 * Number of occurrences after which an ending is legal, if it is not the beginning of a longer
 * path.
 */
const MIN_EPISODES = 3;
/**
 * Number of occurrences after which an ending is legal if it is the beginning of a longer path, as
 * a stall is. The occurrences must also be at least the share `LEGAL_SHARE` of the flows.
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
    if (endings.size >= MAX_ENDINGS) deleteOldest(endings);
    ending = { episodes: 0, heardMs: 0, flowIds: [], isLegal: false };
    endings.set(name, ending);
    return ending;
  };

  return {
    note(digest, owed, model) {
      // An ending with an untaken message is not counted, because it is not the sender's choice
      // that nobody took the message.
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
