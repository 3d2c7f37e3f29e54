import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { createJoinedTexts } from '../base/joined-texts.ts';
import { isTemporary } from '../model/destinations.ts';
import type { Flow } from '../model/flow.ts';
import { isSend } from '../model/roles.ts';
import type { Message, Span } from '../model/span.ts';
import { ANY, destinationWithoutIds, partsOf } from '../model/templates.ts';

/**
 * Learns which parts of message names have an unbounded number of values, and replaces them:
 * `user.created.ann`, a routing key with the name of a user, becomes `user.created.*`. Otherwise
 * every user would have a flow type, and nothing could be learned about any of them.
 *
 * Names are replaced where they are shown and learned from. Spans, flows, steps and findings are
 * identified by the names as they were sent, so that no identity changes when a name is learned
 * later (docs/adr/0044).
 */
export interface LearnedNames {
  /** Records the names of the messages that these spans sent. */
  observe(spans: readonly Span[]): void;
  /** Returns the flow with unbounded parts of names replaced. */
  named(flow: Flow): Flow;
  /**
   * Returns what was learned as text for the store; null if nothing has changed since the last
   * call.
   */
  takeChanged(): string | null;
  load(stored: string): void;
}

/**
 * If a part of a name has more values than this, and at least half of them were seen in a single
 * trace only, the part counts as unbounded.
 */
const MAX_NAMES = 50;
/**
 * A part of a name with more values than this counts as unbounded, however often each value was
 * seen.
 */
const MAX_REPEATED = 200;
/** Maximum number of values kept for all names together; values beyond it are not learned. */
const MAX_VALUES = 50_000;
const MAX_PARTS = 24;
/**
 * Systems in which each destination has to be created, so that the number of destinations is
 * bounded. The number of types of the messages sent there may be unbounded all the same.
 */
const CREATED: ReadonlySet<string> = new Set([
  ...['', 'kafka', 'rabbitmq', 'servicebus', 'eventhubs', 'aws_sqs', 'aws.sns', 'gcp_pubsub'],
  ...['bullmq', 'celery', 'nservicebus', 'masstransit', 'jms', 'activemq', 'rocketmq', 'pulsar'],
]);

/** The values at one position of names, for names that are equal up to that position. */
interface Part {
  /** True if the number of values at this position is unbounded. */
  isAny: boolean;
  /** Maps each value at this position to the next position. */
  values: Map<string, Value>;
}
interface Value {
  next: Part;
  /** Trace in which the value was seen; '' if it was seen in several traces. */
  onlyTrace: string;
}
const newPart = (): Part => ({ isAny: false, values: new Map() });

const isUnbounded = ({ values }: Part): boolean => {
  if (values.size <= MAX_NAMES) return false;
  if (values.size > MAX_REPEATED) return true;
  let once = 0;
  for (const { onlyTrace } of values.values()) if (onlyTrace !== '') once++;
  return once * 2 >= values.size;
};

export function createLearnedNames(): LearnedNames {
  /** Maps a scope (`scopeOf`) to the first part of the names in it. */
  const scopes = new Map<string, Part>();
  let kept = 0;
  let isChanged = false;
  let cache = createBoundedTextMap<ShownNames>(2_000_000);

  const collapse = (part: Part): void => {
    part.isAny = true;
    part.values = new Map([[ANY, { next: newPart(), onlyTrace: '' }]]);
    isChanged = true;
    cache = createBoundedTextMap(2_000_000);
  };
  /**
   * Follows a name from part to part, and returns it with unbounded parts replaced. Records the
   * values of its parts if a trace is given.
   */
  const follow = (scope: string, first: number, name: string, traceId: string): string => {
    const parts = partsOf(name);
    if (parts.length > MAX_PARTS) return name;
    let part = scopes.get(scope);
    if (part === undefined) {
      if (traceId === '') return name;
      scopes.set(scope, (part = newPart()));
    }
    for (let i = 0; i < parts.length; i += 2) {
      if (part.isAny) parts[i] = ANY;
      let value: Value | undefined = part.values.get(parts[i]!);
      if (value === undefined) {
        if (traceId === '' || kept >= MAX_VALUES) return parts.join('');
        value = { next: newPart(), onlyTrace: traceId };
        part.values.set(parts[i]!, value);
        kept++;
        if (i / 2 >= first && isUnbounded(part)) {
          collapse(part);
          return parts.join('');
        }
      } else if (value.onlyTrace !== traceId && traceId !== '') value.onlyTrace = '';
      part = value.next;
    }
    return parts.join('');
  };
  const joined = createJoinedTexts('\0', 2_000_000);
  const known = (environment: string, message: NamedMessage): ShownNames => {
    const key = joined(
      joined(environment, message.system),
      joined(message.destination, message.type),
    );
    const cached = cache.get(key);
    if (cached !== undefined) return cached;
    const destination = destinationOf(message);
    const named = {
      destination: follow(scopeOf(environment, message, 'd'), 1, destination, ''),
      type: follow(scopeOf(environment, message, 't'), 0, message.type, ''),
    };
    cache.set(key, named, key.length * 2);
    return named;
  };

  return {
    observe(spans) {
      for (const { role, message, service, traceId } of spans) {
        if (message === null || !isSend(role) || isTemporary(message.destination)) continue;
        const { environment } = service;
        if (!CREATED.has(message.system) && message.destination !== '')
          follow(scopeOf(environment, message, 'd'), 1, destinationOf(message), traceId);
        if (message.type !== '' && message.type !== message.destination)
          follow(scopeOf(environment, message, 't'), 0, message.type, traceId);
      }
    },
    named: (flow) => withNames(flow, (message) => known(flow.environment, message)),
    takeChanged() {
      if (!isChanged) return null;
      isChanged = false;
      return JSON.stringify([...scopes].map(([scope, part]) => [scope, unboundedIn(part)]));
    },
    load(stored) {
      for (const [scope, paths] of JSON.parse(stored) as [string, string[][]][])
        for (const path of paths) {
          let part = scopes.get(scope) ?? newPart();
          scopes.set(scope, part);
          for (const value of path) {
            const found: Value = part.values.get(value) ?? { next: newPart(), onlyTrace: '' };
            part.values.set(value, found);
            part = found.next;
          }
          collapse(part);
        }
      isChanged = false;
    },
  };
}

type NamedMessage = Pick<Message, 'system' | 'destination' | 'type'>;
type ShownNames = Pick<Message, 'destination' | 'type'>;

const destinationOf = ({ system, destination }: NamedMessage): string =>
  system === 'bullmq' ? destination : destinationWithoutIds(destination);
/**
 * Returns the scope in which names are counted. Types are counted separately for each destination,
 * by the first part of its name.
 */
const scopeOf = (environment: string, message: NamedMessage, what: 'd' | 't'): string =>
  [
    ...[what, environment, message.system],
    ...(what === 't' ? [destinationOf(message).split(/[./:]/, 1)[0]!] : []),
  ].join('\0');

/** Returns the paths to the unbounded parts, each as the values that lead to the part. */
function unboundedIn(first: Part): string[][] {
  const found: string[][] = [];
  const work: { part: Part; path: string[] }[] = [{ part: first, path: [] }];
  for (const { part, path } of work) {
    if (part.isAny) found.push(path);
    for (const [value, { next }] of part.values) work.push({ part: next, path: [...path, value] });
  }
  return found;
}

/**
 * Returns the flow with the names of messages replaced, also where steps and types are named after
 * messages.
 */
function withNames(flow: Flow, nameOf: (message: NamedMessage) => ShownNames): Flow {
  const renamed = new Map<string, string>();
  const hops = flow.hops.map((hop) => {
    if (hop.sync) return hop;
    const { destination, type } = nameOf(hop.message);
    if (destination === hop.message.destination && type === hop.message.type) return hop;
    if (destination !== hop.message.destination) renamed.set(hop.message.destination, destination);
    if (type !== hop.message.type) renamed.set(hop.message.type, type);
    return { ...hop, message: { ...hop.message, destination, type } };
  });
  if (renamed.size === 0) return flow;
  /**
   * Replaces a name only where it is a whole word of the text. A part of a longer word may be equal
   * to the name by chance.
   */
  const inText = (text: string): string => {
    for (const [from, to] of renamed)
      if (from !== '') text = ` ${text} `.replace(` ${from} `, () => ` ${to} `).slice(1, -1);
    return text;
  };
  const types = new Map(
    flow.steps.map(({ service, typeKey }) => [
      typeKey,
      service + inText(typeKey.slice(service.length)),
    ]),
  );
  return {
    ...flow,
    hops,
    type: types.get(flow.type) ?? flow.type,
    steps: flow.steps.map((step) => ({
      ...step,
      typeKey: types.get(step.typeKey)!,
      name: inText(step.name),
    })),
  };
}
