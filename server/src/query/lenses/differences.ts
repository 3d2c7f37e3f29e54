import { hexOf } from '../../analyze/index.ts';
import type { Difference, DifferencesAnswer } from '../../contract/index.ts';
import type { Comparison, AttributeCount, LensReader, Population } from '../../store/index.ts';
import { present, queryOf, quoted } from './population.ts';
import { isRestated, namesInstance } from './restated.ts';
import { gathered, tellingOnly, type Variety } from './telling.ts';
import { bodyOf, learnNames, ofKind } from './trait-names.ts';

/** Maximum number of traits, and of keys, that are compared. */
const MOST = 6000;
const MAX_ATTRIBUTES = 2000;
/** Number of flows of each population whose attributes are counted. */
const SAMPLED_FLOWS = 200;

/**
 * Weight of a difference, by its field. What may be a cause (an attribute, a version) weighs more
 * than what the flows did (a status, a type), which often only repeats the question.
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
/**
 * A value that is rarer in the population counts less than one that is more frequent, because it
 * may still come in flows that have not ended.
 */
const WEIGHT_IF_RARER = 0.3;
/**
 * Minimum score of a listed difference. A single value reaches it by chance about once in a
 * thousand.
 */
const MIN_SCORE = 10;

/** Lens: in what a population differs from another one, the most telling difference first. */
export async function differencesLens(
  store: LensReader,
  here: Population,
  there: Population,
  q: string,
  limit: number,
): Promise<Pick<DifferencesAnswer, 'items' | 'population' | 'asOf'>> {
  const [both, mine, others] = await Promise.all([
    store.compare(here, there, {
      families: ['node', 'edge', 'other', 'mark'],
      kinds: ['node', 'edge', 'failure', 'version', 'instance', 'service'],
      most: MOST,
    }),
    store.countAttributes(here, SAMPLED_FLOWS, MAX_ATTRIBUTES),
    store.countAttributes(there, SAMPLED_FLOWS, MAX_ATTRIBUTES),
  ]);
  await learnNames(store, both, both.traits);
  const counted = countedFeatures(both);
  const telling = tellingOnly(counted, here.used, there.used, () => undefined);
  const listed = rankedOf(telling, here.used, there.used);
  const kept = new Set(telling);
  const replaced = counted.filter((one) => ofProcess(one) && !kept.has(one));
  const repeats = repeatedBy(
    [...listed.map(countedOf), ...replaced],
    (one, other) =>
      isAsFrequent(one.here, mine.of, other.here, here.used) &&
      isAsFrequent(one.there, others.of, other.there, there.used),
  );
  const attributes = attributesOf(mine, others, (one) => !repeats(one));
  const items = [...listed, ...rankedOf(attributes, mine.of, others.of)].sort(byScore);
  return {
    ...present(here),
    items: items.slice(0, limit).map((item) => presented(item, q)),
  };
}

type Ranked = Difference & { score: number } & Omit<Feature, 'here' | 'there'>;
function presented(
  { score: _score, names: _names, of: _of, ofInstance: _is, service: _s, q, ...item }: Ranked,
  asked: string,
): Difference {
  return { ...item, q: queryOf(asked, q) };
}
const byScore = (a: Ranked, b: Ranked): number => b.score - a.score || (a.value < b.value ? -1 : 1);
/** Returns the features that differ by more than chance, with their scores. */
const rankedOf = (features: readonly Feature[], here: number, there: number): Ranked[] =>
  features
    .flatMap((feature) => compared(feature, here, there))
    .filter(({ score }) => score >= MIN_SCORE);
type Named = Pick<Feature, 'names' | 'here' | 'there'>;
const countedOf = ({ names, flows, baselineFlows }: Ranked): Named => ({
  ...{ names, here: flows, there: baselineFlows },
});
/**
 * Returns a function that says whether an attribute only repeats the name of something that is
 * listed anyway, or of a version or an instance that explains nothing. Names such as `1` are those
 * of many things, so that what is named has to be in as many flows.
 */
function repeatedBy(
  known: readonly Named[],
  isSame: (attribute: Feature, named: Named) => boolean,
): (attribute: Feature) => boolean {
  const named = new Map<string, Named[]>();
  for (const one of known)
    for (const name of one.names) named.set(name, [...(named.get(name) ?? []), one]);
  return (attribute) =>
    named.get(valueOf(attribute.value))?.some((one) => isSame(attribute, one)) === true;
}
/**
 * Returns whether so many of a sample of `of` flows are as many as those of all flows of the
 * population, within twice the standard deviation of the sample. A sample of all flows has none.
 */
function isAsFrequent(flows: number, of: number, inAll: number, all: number): boolean {
  const share = inAll / Math.max(1, all);
  const variance = of * share * (1 - share) * (1 - of / Math.max(of, all));
  return Math.abs(flows - of * share) <= 0.5 + 2 * Math.sqrt(variance);
}
const ofProcess = ({ service }: Feature): boolean => service !== undefined;
const valueOf = (named: string): string => named.slice(named.indexOf('=') + 1);

interface Feature {
  field: Difference['field'];
  value: string;
  /**
   * Number of flows of the first population that have the feature; `there` is that of the other.
   */
  here: number;
  there: number;
  q: string;
  sampled: boolean;
  /**
   * Texts that name the feature. An attribute with one of them as its value only repeats the
   * feature.
   */
  names: string[];
  /** What it is a value of (`telling.ts`). */
  of: string;
  ofInstance: boolean;
  alike: string[];
  /** Service of a version or an instance. */
  service?: string;
}

/** Maximum number of attributes that are listed beside one of the same flows. */
const MAX_ALIKE = 20;

/**
 * Returns all features but attributes. The only version of a service, or its only instance, says no
 * more than that the service took part, and is left out. Call this once the names of the traits are
 * known.
 */
function countedFeatures({ traits, keys, statuses }: Comparison): Feature[] {
  const nodeNames = new Map(ofKind(traits, 'node').map(({ id }) => [hexOf(id), nodeName(id)]));
  const ofTraits = traits.flatMap(({ id, here, there }) => {
    const named = nameOf(id, nodeNames);
    const q = `trait:${hexOf(id)}`;
    const of = named?.field === 'instance' ? `instance of ${named.service}` : named?.value;
    return named === null
      ? []
      : [
          {
            ...{ ...named, here, there, q, sampled: false, of: `${named.field} ${of}`, alike: [] },
            ofInstance: named.field === 'instance',
          },
        ];
  });
  const ofKeys = keys.map(({ name, value, here, there }): Feature => ({
    ...{ field: 'key', value: `${name}=${value}`, here, there, sampled: false, names: [value] },
    ...{ q: `key:${quoted(value)}`, of: `key ${name}`, ofInstance: false, alike: [] },
  }));
  const ofColumns = (['status', 'type'] as const).flatMap((field) =>
    [...sumsBy(statuses, field)].map(([value, counts]): Feature => ({
      ...{ field, value, ...counts, q: `${field}:${quoted(value)}` },
      ...{ sampled: false, names: [value], of: `${field} ${value}`, ofInstance: false, alike: [] },
    })),
  );
  // Traits of one name may have different ids, for example messages of one type to several
  // destinations. The last one is kept.
  const features = [...ofTraits, ...ofKeys, ...ofColumns];
  const distinct = [...new Map(features.map((one) => [`${one.field} ${one.value}`, one])).values()];
  const services = new Map(
    distinct.flatMap((one) => (one.field === 'service' ? [[one.value, one] as const] : [])),
  );
  return distinct.filter(({ service = '', here, there }) => {
    const all = services.get(service);
    return all === undefined || all.here !== here || all.there !== there;
  });
}

/**
 * Returns the attributes of flows of either population that explain something. Those that are not
 * `wanted` are left out before others of the same flows are gathered under one of them.
 */
function attributesOf(
  mine: Attributes,
  others: Attributes,
  wanted: (attribute: Feature) => boolean,
): Feature[] {
  const features = new Map<string, Feature>();
  for (const [side, items] of [
    ['here', mine.items],
    ['there', others.items],
  ] as const)
    for (const { name, value, flows } of items) {
      if (isRestated(name)) continue;
      const named = `${name}=${value}`;
      const feature: Feature = features.get(named) ?? {
        ...{ field: 'attribute', value: named, here: 0, there: 0, sampled: true, names: [] },
        ...{ q: `@${name}:${quoted(value)}`, of: name, alike: [] },
        ofInstance: namesInstance(name, value),
      };
      features.set(named, { ...feature, [side]: flows });
    }
  const all = [...features.values()];
  const varieties = varietiesOf(mine.items, others.items, all);
  const telling = tellingOnly(all, mine.of, others.of, (name) => varieties.get(name));
  return gathered(telling.filter(wanted)).map(({ one, alike }) => ({
    ...one,
    alike: alike.slice(0, MAX_ALIKE).map(({ value }) => value),
  }));
}
type Attributes = Awaited<ReturnType<LensReader['countAttributes']>>;

/**
 * Returns how many values each attribute has in both populations together: a value that both have
 * is one. A store lists no value of a single flow, so that such a value may count twice.
 */
function varietiesOf(
  mine: readonly AttributeCount[],
  others: readonly AttributeCount[],
  features: readonly Feature[],
): Map<string, Variety> {
  const varieties = new Map<string, Variety>();
  for (const [side, items] of [
    ['here', mine],
    ['there', others],
  ] as const)
    for (const { name, nameValues, nameFlows } of items) {
      const known = varieties.get(name) ?? { values: 0, here: 0, there: 0 };
      // Each value of a name says the same of all of them.
      if (known[side] > 0) continue;
      const values = known.values + nameValues;
      varieties.set(name, { ...known, values, [side]: nameFlows / nameValues });
    }
  for (const { of: name, here, there } of features)
    if (here > 0 && there > 0) varieties.get(name)!.values--;
  return varieties;
}

function sumsBy(
  rows: Comparison['statuses'],
  field: 'type' | 'status',
): Map<string, { here: number; there: number }> {
  const sums = new Map<string, { here: number; there: number }>();
  for (const { [field]: value, here, there } of rows) {
    const sum = sums.get(value) ?? { here: 0, there: 0 };
    sums.set(value, { here: sum.here + here, there: sum.there + there });
  }
  return sums;
}

const nodeName = (id: bigint): string => {
  const body = bodyOf('node', id);
  return body === null ? '' : `${body.service} ${body.step}`;
};

function nameOf(
  id: bigint,
  nodeNames: ReadonlyMap<string, string>,
): Pick<Feature, 'field' | 'value' | 'names' | 'service'> | null {
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
      service: version.service,
      names: [version.version],
    };
  const instance = bodyOf('instance', id);
  if (instance !== null)
    return {
      ...{ field: 'instance', value: `${instance.service} ${instance.instance}` },
      service: instance.service,
      names: [instance.instance],
    };
  const service = bodyOf('service', id);
  return service === null
    ? null
    : { field: 'service', value: service.service, names: [service.service] };
}

function compared(
  { here: flows, there: baselineFlows, ...feature }: Feature,
  here: number,
  there: number,
): Ranked[] {
  if (here === 0 || there === 0) return [];
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
 * other (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", 1993). The
 * ratio grows with the difference and with the number of flows that show it.
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
