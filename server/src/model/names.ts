/**
 * These prefixes begin the names under which the store finds evicted spans. The prefix tells what
 * is named: a span by its key, or its trace alone; spans that refer to a span as parent or link;
 * flows with a span that may name them after its trace (two roots of one trace are one flow).
 * Everything else is a token, stored whole. A message's token is stored plain with its sender and
 * with the TAKEN prefix with a mere consumer, because consumers look for senders and never for each
 * other.
 */
export const SPAN = 's\0';
export const TRACE = 't\0';
export const REFERRER = 'r\0';
export const ORIGIN = 'o\0';
/** Names the children of a span that looks like a poll which served unrelated flows. */
export const POLLED = 'q\0';
export const TAKEN = 'h\0';
/** Names a message by an id that finds it and joins nothing. */
export const SEEN = 'n\0';
export const TOKEN = '';
/** Marks, in a stored row, a token of it that identifies nothing. */
export const WORTHLESS = 'w\0';

declare const brand: unique symbol;
/**
 * Names a flow: `i\0environment\0id\0type[\0kind]` by an explicit id, or `t\0trace` by the trace
 * that began it. It is made and parsed only in `keys.ts`.
 */
export type FlowKey = string & { readonly [brand]: 'FlowKey' };
/**
 * Names a span so that other spans find it, besides parent and link: `m` is a message's id, `p` its
 * position, `k` an identity key, `c` a conversation, `i` a flow's id. It is made and parsed only in
 * `keys.ts`.
 */
export type Token = string & { readonly [brand]: 'Token' };
