/**
 * The store finds evicted spans by names. Each constant here is the prefix of one kind of name.
 * SPAN: a span by its key. TRACE: a span by its trace. REFERRER: the spans that refer to a span as
 * their parent or by a link. ORIGIN: flows with a span that may name the flow after its trace,
 * because two roots of one trace belong to one flow. TOKEN: a token, stored whole. A message's
 * token has no prefix if it is stored for the sender, and the prefix TAKEN if it is stored for a
 * mere consumer, because consumers look for senders and never for each other.
 */
export const SPAN = 's\0';
export const TRACE = 't\0';
export const REFERRER = 'r\0';
export const ORIGIN = 'o\0';
/**
 * Prefix of the name that stands for the children of a poll. A poll is a span that seems to have
 * received messages of unrelated flows.
 */
export const POLLED = 'q\0';
export const TAKEN = 'h\0';
/**
 * Prefix of the name that stands for the log event which announces a delivery, by the key of the
 * delivery's span. While that span is absent, the spans below it hang below the event.
 */
export const ANNOUNCED = 'a\0';
/** Prefix of names by message that only searches use. Spans are not joined by these names. */
export const SEEN = 'n\0';
export const TOKEN = '';
/**
 * Prefix of a mark in a stored row. The mark says that the token which follows the prefix
 * identifies nothing.
 */
export const WORTHLESS = 'w\0';

declare const brand: unique symbol;
/**
 * Identifies a flow: by an explicit id as `i\0environment\0id\0type[\0kind]`, or by the trace in
 * which the flow began as `t\0trace`. Only `keys.ts` makes and parses flow keys.
 */
export type FlowKey = string & { readonly [brand]: 'FlowKey' };
/**
 * Names something that spans have in common, so that they find each other even without parent or
 * link. The first letter tells what: `m` the id of a message, `p` the position of a message, `k` an
 * identity key, `c` a conversation, `i` the id of a flow. Only `keys.ts` makes and parses tokens.
 */
export type Token = string & { readonly [brand]: 'Token' };
