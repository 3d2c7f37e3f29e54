import { createHash } from 'node:crypto';
import {
  ANNOUNCED,
  ORIGIN,
  REFERRER,
  SEEN,
  TAKEN,
  TRACE,
  type FlowKey,
  type Token,
} from './names.ts';
import type { Message, Span, SpanNames } from './span.ts';
import { hasStrongId, isAnnouncement, isConsumer, isSend } from './roles.ts';

export type { FlowKey, Token } from './names.ts';

export const NO_TOKENS: readonly Token[] = [];
const NO_NAMES: SpanNames = { message: NO_TOKENS, id: '', soft: NO_TOKENS, shared: NO_TOKENS };

export const messageTokens = (span: Span): readonly Token[] => namesOf(span).message;
export const idToken = (span: Span): Token | '' => namesOf(span).id;
export const softTokens = (span: Span): readonly Token[] => namesOf(span).soft;
/**
 * Returns all tokens by which other spans find this span: of its message, its soft keys and its
 * flow id. Its parent and links are not included.
 */
export const sharedTokens = (span: Span): readonly Token[] => namesOf(span).shared;
/** Returns whether a token is a soft key: a conversation or an identity key. */
export const isSoftToken = (token: string): boolean =>
  isIdentityToken(token) || isConversationToken(token);
export const isIdentityToken = (token: string): boolean => token.startsWith('k\0');
export const isConversationToken = (token: string): boolean => token.startsWith('c\0');
/**
 * Returns an identity token without its value. Two spans with the same identity key and different
 * values belong to different flows.
 */
export const identityNameOf = (token: Token): string => token.slice(0, token.lastIndexOf('\0'));
/** Returns a soft token as text for people: `order.id=42`, or the id of a conversation. */
export const valueOf = (token: Token): string => token.split('\0').slice(2).join('=');
export const isMessageToken = (token: string): boolean =>
  token.startsWith('m\0') || token.startsWith('p\0');

/**
 * Returns the key of a flow with an explicit id. `type` is '' if no flow type is reported. The key
 * contains `kind` only if there is no type, because the type already distinguishes flows with equal
 * ids.
 */
export const flowKeyOf = (environment: string, id: string, type: string, kind = ''): FlowKey =>
  `${idTokenOf(environment, id)}\0${type}${type === '' && kind !== '' ? `\0${kind}` : ''}` as FlowKey;
/**
 * Returns the key of a flow without an explicit id. `spanId` is given only if the trace alone does
 * not identify the flow.
 */
export const traceKeyOf = (traceId: string, spanId = ''): FlowKey =>
  `${TRACE}${traceId}${spanId === '' ? '' : `-${spanId}`}` as FlowKey;

/** Parts of a flow key. `type` is '' if no flow type is reported. */
export type ParsedFlowKey =
  | { namedBy: 'id'; environment: string; id: string; type: string }
  | { namedBy: 'trace'; trace: string };
export function parseFlowKey(key: FlowKey): ParsedFlowKey {
  const [tag, ...parts] = key.split('\0');
  const [environment = '', id = '', type = ''] = parts;
  return tag === 'i'
    ? { namedBy: 'id', environment, id, type }
    : { namedBy: 'trace', trace: environment };
}
/**
 * Returns whether `key` is the key of a flow with this id, regardless of the flow's type and the
 * kind of its id.
 */
export const hasId = (key: string, id: Token | ''): boolean =>
  id !== '' && key.startsWith(`${id}\0`);
export const isNamedById = (key: FlowKey): boolean => key.startsWith('i\0');
/**
 * Returns whether both flows have the same explicit id in the same environment, regardless of their
 * types and the kinds of their ids.
 */
export const haveSameId = (a: FlowKey, b: FlowKey): boolean =>
  isNamedById(a) && b.startsWith(`${a.split('\0', 3).join('\0')}\0`);
/**
 * Returns the public id of a flow. A flow that is named after a trace has the trace in its id; any
 * other flow has a hash of its key. From the second run on, the number of the run is appended.
 */
export function flowIdOf(key: FlowKey, run: number): string {
  const name = key.startsWith(TRACE)
    ? key.slice(TRACE.length)
    : createHash('sha1').update(key).digest('hex').slice(0, 24);
  return run === 1 ? name : `${name}.${run}`;
}

export const isUntyped = (flowKey: FlowKey): boolean => flowKey.split('\0')[3] === '';
/**
 * Returns the token of the span's flow id, followed by the kind of the id. Equal values of
 * different kinds are different ids.
 */
export const kindToken = (span: Span): string => {
  const kind = span.flow?.kind ?? '';
  return kind === '' ? idToken(span) : `${idToken(span)}\0${kind}`;
};
export const idTokenOf = (environment: string, id: string): Token =>
  `i\0${environment}\0${id}` as Token;

function namesOf(span: Span): SpanNames {
  if (span.names !== null) return span.names;
  const message = isJoinedByMessage(span) ? messageNames(span) : NO_TOKENS;
  const soft = softNames(span);
  const id =
    span.flow === null || span.flow.id === ''
      ? ''
      : idTokenOf(span.service.environment, span.flow.id);
  if (message === NO_TOKENS && soft === NO_TOKENS && id === '') return (span.names = NO_NAMES);
  return (span.names = {
    message,
    id,
    soft,
    shared:
      soft === NO_TOKENS && id === ''
        ? message
        : [...message, ...soft, ...(id === '' ? NO_TOKENS : [id])],
  });
}

/**
 * Returns whether this span is joined to other spans by its message id. This holds for spans that
 * send or consume messages. It does not hold for a consumer with a counted id and a link or a
 * remote parent: the link or parent already identifies the message, whereas two messages may have
 * the same counted id.
 */
const isJoinedByMessage = ({ role, links, parentRemote, message }: Span): boolean =>
  isSend(role) ||
  (isConsumer(role) &&
    !((links.length > 0 || parentRemote === true) && isCounted(message?.id ?? '')));

/**
 * Returns the token of the span's message; '' if the message has neither an id nor a position. The
 * token includes the destination if the id alone is not unique.
 */
export const messageNameOf = (span: Span): string => messageNames(span)[0] ?? '';

function messageNames({ message, service }: Span): readonly Token[] {
  if (message === null) return NO_TOKENS;
  const scope = `${service.environment}\0${message.system}\0`;
  const id = message.id === '' ? '' : (`m\0${scope}${placeOf(message)}${message.id}` as Token);
  const position = message.position === '' ? '' : (`p\0${scope}${message.position}` as Token);
  if (id === '') return position === '' ? NO_TOKENS : [position];
  return position === '' ? [id] : [id, position];
}

/**
 * Returns the prefix that makes a message id unique, or '' if the id is unique by itself. Counted
 * ids are unique only in one destination and partition, and BullMQ job ids only in one queue.
 */
const placeOf = (message: Message): string => {
  const { id, destination, partition } = message;
  if (isCounted(id)) return `${destination}\0${partition}\0`;
  return isQueueId(message) ? `${destination}\0` : '';
};
/**
 * Returns whether the id of the message is unique in its queue only. BullMQ gives ids so, and lets
 * applications choose them: often it is the id of an order, the same in every queue.
 */
export const isQueueId = ({ system }: Message): boolean => system === 'bullmq';
/**
 * Returns whether a message id is a counter (a delivery tag, an offset, a packet id): at most
 * twelve digits, possibly with separators.
 */
export const isCounted = (id: string): boolean => /^\W*(?:\d\W*){1,12}$/.test(id);

function softNames({ message, service, identities }: Span): readonly Token[] {
  const conversation = message?.conversation ?? '';
  if (conversation === '' && identities.length === 0) return NO_TOKENS;
  const tokens = identities.map((identity) => `k\0${service.environment}\0${identity}` as Token);
  if (conversation !== '') tokens.push(`c\0${service.environment}\0${conversation}` as Token);
  return tokens;
}

/**
 * Returns whether a flow without an id may be named after the trace of this span. All such spans of
 * one trace belong to one flow.
 */
export function mayNameFlow(span: Span): boolean {
  return (
    !hasStrongId(span) &&
    (span.parent === '' ||
      !isConsumer(span.role) ||
      span.links.length === 0 ||
      span.parentRemote === true ||
      span.links.includes(span.parent))
  );
}

/**
 * Returns the names by which the store finds these spans, without the names of their traces. `cut`
 * are spans whose parent is ignored, because following the parents would lead into a cycle.
 */
export function rowTokens(spans: readonly Span[], cut: readonly Span[]): string[] {
  const tokens = new Set<string>();
  const taken = new Set<string>();
  const inside = new Set(spans.map((span) => span.key));
  for (const span of cut) inside.delete(span.parent);
  for (const span of spans) {
    const { message, id, soft } = namesOf(span);
    for (const name of message) (isSend(span.role) ? tokens : taken).add(name);
    if (message === NO_TOKENS && span.message !== null && span.message.id !== '')
      tokens.add(SEEN + messageNameOf(span));
    for (const name of soft) tokens.add(name);
    if (id !== '') tokens.add(id);
    // Add a name for each span to which this span refers by a link or as its parent. When the other
    // span arrives or is loaded, it finds this span by this name.
    for (const link of span.links) tokens.add(REFERRER + link);
    const parent = span.parent;
    if (inside.has(parent)) continue;
    if (parent !== '') tokens.add(REFERRER + parent);
    if (isAnnouncement(span)) tokens.add(ANNOUNCED + parent);
    if (cut.includes(span) || mayNameFlow(span)) tokens.add(ORIGIN + span.traceId);
  }
  for (const name of taken) if (!tokens.has(name)) tokens.add(TAKEN + name);
  return [...tokens].sort();
}
