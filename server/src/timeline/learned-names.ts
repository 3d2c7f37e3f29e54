import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { createJoinedTexts } from '../base/joined-texts.ts';
import { isTemporary } from '../model/destinations.ts';
import type { Flow } from '../model/flow.ts';
import { isSend } from '../model/roles.ts';
import type { Message, Span } from '../model/span.ts';
import { ANY, destinationWithoutIds, partsOf } from '../model/templates.ts';

/**
 * Learns which names of messages are of unbounded number, such as a routing key with the name of a
 * user in it, and replaces the part that differs: `user.created.*`. Without this, every user would
 * have a flow type, and nothing could be learned of any.
 *
 * Only what is shown and learned by is renamed. Everything by which spans, flows, steps and
 * findings are identified is made of the names as they were sent, so that no identity changes when
 * a name is learned later (docs/adr/0044).
 */
export interface LearnedNames {
  /** Records the names of the messages that these spans sent. */
  observe(spans: readonly Span[]): void;
  /** Returns the flow with the names that are known now. */
  named(flow: Flow): Flow;
  /** Returns what was learned as text for the store; null if it has not changed since. */
  takeChanged(): string | null;
  load(stored: string): void;
}

/** Most values of one part of a name that count as different names, if each is seen once. */
const MAX_NAMES = 50;
/** Most values of one part, however often each of them is seen. */
const MAX_REPEATED = 200;
/** Bounds the values that are remembered; what is met when all are taken is not judged. */
const MAX_VALUES = 50_000;
const MAX_PARTS = 24;
/**
 * Lists systems whose destinations are created one by one, so that their number is what somebody
 * decided. Names of the messages that are sent there may be of any number all the same.
 */
const CREATED: ReadonlySet<string> = new Set([
  ...['', 'kafka', 'rabbitmq', 'servicebus', 'eventhubs', 'aws_sqs', 'aws.sns', 'gcp_pubsub'],
  ...['bullmq', 'celery', 'nservicebus', 'masstransit', 'jms', 'activemq', 'rocketmq', 'pulsar'],
]);

/** One part of names that begin alike. */
interface Part {
  /** Is true if the values of this part are of unbounded number. */
  isAny: boolean;
  /** Maps a value to what follows it. */
  values: Map<string, Value>;
}
interface Value {
  next: Part;
  /** Holds the trace in which the value was seen; '' once it was seen in several. */
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
  /** Follows a name from part to part, and records its values if a trace is given. */
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
/** Returns the scope in which names are counted: types are counted for each destination. */
const scopeOf = (environment: string, message: NamedMessage, what: 'd' | 't'): string =>
  [
    ...[what, environment, message.system],
    ...(what === 't' ? [destinationOf(message).split(/[./:]/, 1)[0]!] : []),
  ].join('\0');

/** Returns the paths of values that lead to parts of unbounded number. */
function unboundedIn(first: Part): string[][] {
  const found: string[][] = [];
  const work: { part: Part; path: string[] }[] = [{ part: first, path: [] }];
  for (const { part, path } of work) {
    if (part.isAny) found.push(path);
    for (const [value, { next }] of part.values) work.push({ part: next, path: [...path, value] });
  }
  return found;
}

/** Returns the flow with other names of messages, and of what is named after messages. */
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
