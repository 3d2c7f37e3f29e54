/**
 * Prefixes of the names by which the store finds evicted spans:
 *
 * - SPAN: the span with this key.
 * - TRACE: the spans of this trace.
 * - REFERRER: spans whose parent or link is the span with this key.
 * - ORIGIN: flows that may be named after this trace. All roots of one trace belong to one flow.
 * - TOKEN: no prefix, the name is a token. The token of a message is stored so for its sender.
 * - TAKEN: the token of a message, stored for its consumer. It has another prefix because consumers
 *   look for senders and never for other consumers.
 */
export const SPAN = 's\0';
export const TRACE = 't\0';
export const REFERRER = 'r\0';
export const ORIGIN = 'o\0';
/**
 * Prefix of the name by which the children of a poll are found. A poll is a span that seems to have
 * received messages of unrelated flows.
 */
export const POLLED = 'q\0';
export const TAKEN = 'h\0';
/**
 * Prefix of the name of a log event that announces a delivery, by the key of the delivery's span.
 * Until that span arrives, its children are attached to the event.
 */
export const ANNOUNCED = 'a\0';
/** Prefix of message tokens that serve only to search for flows. They do not join spans. */
export const SEEN = 'n\0';
export const TOKEN = '';
/**
 * Prefix of a mark in a stored row. It marks the token after it as worthless: too many spans have
 * this token for it to identify anything.
 */
export const WORTHLESS = 'w\0';

declare const brand: unique symbol;
/**
 * Identifies a flow in memory. A flow with an explicit id has the key
 * `i\0environment\0id\0type[\0kind]`, and any other flow `t\0trace`, with the trace in which it
 * began. Only `keys.ts` makes and parses flow keys.
 */
export type FlowKey = string & { readonly [brand]: 'FlowKey' };
/**
 * A property that spans have in common, by which they find each other without a parent or link. The
 * first letter tells which: `m` a message id, `p` a message position, `k` an identity key, `c` a
 * conversation, `i` a flow id. Only `keys.ts` makes and parses tokens.
 */
export type Token = string & { readonly [brand]: 'Token' };
