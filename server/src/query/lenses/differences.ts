import { hexOf } from '../../analyze/index.ts';
import type { Difference, DifferencesAnswer } from '../../contract/index.ts';
import type { LensReader, Population } from '../../store/index.ts';
import { present, queryOf } from './population.ts';
import { isRestated } from './restated.ts';
import { bodyOf, learnNames, ofKind, type Exemplified } from './trait-names.ts';

const MOST = 2000;
/** Flows of each population whose attributes are counted. */
const SAMPLED_FLOWS = 200;

/**
 * How telling a field is. What was so before the flow began to differ ranks above what the flow did
 * differently, which is often another word for the population that was asked for.
 */
const WEIGHTS: Record<Difference['field'], number> = {
  attribute: 1,
  key: 1,
  version: 1,
  instance: 1,
  failure: 0.9,
  service: 0.8,
  step: 0.7,
  message: 0.6,
  type: 0.5,
  status: 0.3,
};
/** What is rarer here than there tells less than what is more frequent: it may be still to come. */
const WEIGHT_IF_RARER = 0.3;
/** Smallest score that is listed: about one chance in a thousand for a single value. */
const MIN_SCORE = 10;

/** What a population and another one differ in, the most telling first. */
export async function differencesLens(
  store: LensReader,
  here: Population,
  there: Population,
  q: string,
  limit: number,
): Promise<Pick<DifferencesAnswer, 'items' | 'population' | 'asOf'>> {
  const [mine, others] = await Promise.all([featuresOf(store, here), featuresOf(store, there)]);
  await learnNames(store, [...mine.traits, ...others.traits]);
  const ours = mine.named();
  const theirs = others.named();
  const items = [...new Set([...ours.keys(), ...theirs.keys()])]
    .flatMap((key) => compared(ours.get(key), theirs.get(key), mine, others))
    .filter(({ score }) => score >= MIN_SCORE)
    .sort((a, b) => b.score - a.score || (a.value < b.value ? -1 : 1));
  // An attribute that only repeats a name that is listed anyway is left out.
  const told = new Set(items.flatMap(({ names }) => names));
  return {
    ...present(here),
    items: items
      .filter(({ field, value }) => field !== 'attribute' || !told.has(valueOf(value)))
      .slice(0, limit)
      .map(({ score: _score, names: _names, q: part, ...item }) => ({
        ...item,
        q: queryOf(q, part),
      })),
  };
}
const valueOf = (named: string): string => named.slice(named.indexOf('=') + 1);

interface Feature {
  field: Difference['field'];
  value: string;
  flows: number;
  q: string;
  sampled: boolean;
  /** Texts that an attribute may repeat. */
  names: string[];
}
interface Features {
  traits: Exemplified[];
  used: number;
  sampledFlows: number;
  /** Returns the features by field and value; call it once the names of the traits are known. */
  named(): Map<string, Feature>;
}

async function featuresOf(store: LensReader, population: Population): Promise<Features> {
  const [traits, keys, statuses, attributes] = await Promise.all([
    store.countTraits(population, {
      families: ['node', 'edge', 'other', 'mark'],
      kinds: ['node', 'edge', 'failure', 'version', 'instance', 'service'],
      most: 3 * MOST,
    }),
    store.countKeys(population, MOST),
    store.countStatuses(population),
    store.countAttributes(population, SAMPLED_FLOWS, MOST),
  ]);
  const nodes = ofKind(traits, 'node');
  return {
    traits,
    used: population.used,
    sampledFlows: attributes.of,
    named() {
      const features: Feature[] = [];
      const nodeNames = new Map(nodes.map(({ id }) => [hexOf(id), nodeName(id)]));
      for (const { id, flows } of traits) {
        const named = nameOf(id, nodeNames);
        if (named !== null)
          features.push({ ...named, flows, q: `trait:${hexOf(id)}`, sampled: false });
      }
      for (const { name, value, flows } of keys)
        features.push({
          ...{ field: 'key', value: `${name}=${value}`, flows, sampled: false, names: [value] },
          q: `key:${quoted(value)}`,
        });
      for (const field of ['status', 'type'] as const)
        for (const [value, flows] of sumsBy(statuses, field))
          features.push({
            ...{ field, value, flows, q: `${field}:${quoted(value)}` },
            ...{ sampled: false, names: [value] },
          });
      for (const { name, value, flows } of attributes.items)
        if (!isRestated(name))
          features.push({
            ...{ field: 'attribute', value: `${name}=${value}`, flows, sampled: true, names: [] },
            q: `@${name}:${quoted(value)}`,
          });
      return new Map(features.map((feature) => [`${feature.field} ${feature.value}`, feature]));
    },
  };
}

function sumsBy(
  rows: readonly { type: string; status: string; flows: number }[],
  field: 'type' | 'status',
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row[field], (sums.get(row[field]) ?? 0) + row.flows);
  return sums;
}

const quoted = (value: string): string => (/^[\w.-]+$/.test(value) ? value : JSON.stringify(value));
const nodeName = (id: bigint): string => {
  const body = bodyOf('node', id);
  return body === null ? '' : `${body.service} ${body.step}`;
};

function nameOf(
  id: bigint,
  nodeNames: ReadonlyMap<string, string>,
): Pick<Feature, 'field' | 'value' | 'names'> | null {
  const node = bodyOf('node', id);
  if (node !== null)
    return { field: 'step', value: `${node.service} ${node.step}`, names: [node.step] };
  const edge = bodyOf('edge', id);
  if (edge !== null) {
    if (edge.message === null) return null;
    const { type, destination } = edge.message;
    const ends = [edge.from, edge.to].map((end) => nodeNames.get(end) ?? end);
    const value = `${type || destination}: ${ends.join(' → ')}`;
    return { field: 'message', value, names: [type, destination] };
  }
  const failure = bodyOf('failure', id);
  if (failure !== null)
    return {
      field: 'failure',
      names: [failure.type, failure.message],
      value: `${failure.service} ${failure.step}: ${failure.type}: ${failure.message}`,
    };
  const version = bodyOf('version', id);
  if (version !== null)
    return {
      ...{ field: 'version', value: `${version.service} ${version.version}` },
      names: [version.version],
    };
  const instance = bodyOf('instance', id);
  if (instance !== null)
    return {
      ...{ field: 'instance', value: `${instance.service} ${instance.instance}` },
      names: [instance.instance],
    };
  const service = bodyOf('service', id);
  return service === null
    ? null
    : { field: 'service', value: service.service, names: [service.service] };
}

function compared(
  ours: Feature | undefined,
  theirs: Feature | undefined,
  mine: Features,
  others: Features,
): (Difference & { score: number; names: string[] })[] {
  const feature = ours ?? theirs!;
  const [here, there] = feature.sampled
    ? [mine.sampledFlows, others.sampledFlows]
    : [mine.used, others.used];
  if (here === 0 || there === 0) return [];
  const flows = ours?.flows ?? 0;
  const baselineFlows = theirs?.flows ?? 0;
  const [share, baselineShare] = [flows / here, baselineFlows / there];
  const score =
    evidenceRatio(flows, here, baselineFlows, there) *
    WEIGHTS[feature.field] *
    (share > baselineShare ? 1 : WEIGHT_IF_RARER);
  return [
    {
      ...feature,
      ...{ share, baselineShare, flows, baselineFlows, score },
      lift: baselineShare === 0 ? null : share / baselineShare,
    },
  ];
}

/**
 * Returns the log-likelihood ratio of a value being more frequent in one population than in the
 * other (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", 1993): it
 * grows with the difference and with the number of flows that show it.
 */
export function evidenceRatio(a: number, ofA: number, b: number, ofB: number): number {
  const term = (observed: number, expected: number): number =>
    observed === 0 ? 0 : observed * Math.log(observed / expected);
  const share = (a + b) / (ofA + ofB);
  return (
    2 *
    (term(a, ofA * share) +
      term(ofA - a, ofA * (1 - share)) +
      term(b, ofB * share) +
      term(ofB - b, ofB * (1 - share)))
  );
}
