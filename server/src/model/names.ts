/**
 * Names under which the store finds what left memory begin with what they name: a span by its key,
 * or by its trace alone; whoever refers to a span as parent or link; flows with a span that may
 * name them after its trace (two roots of one trace are one flow); everything else is a token,
 * whole. A message's is plain with whoever sent it: who only took it has another, because takers
 * look for what was sent and never for each other.
 */
export const SPAN = 's\0';
export const TRACE = 't\0';
export const REFERRER = 'r\0';
export const ORIGIN = 'o\0';
/** Whoever happened in this span: it looks like a poll that served strangers. */
export const POLLED = 'q\0';
export const TAKEN = 'h\0';
/** A message's id that only finds it. */
export const SEEN = 'n\0';
export const TOKEN = '';
/** Marks in a row a token of it that identifies nothing. */
export const WORTHLESS = 'w\0';

declare const brand: unique symbol;
/**
 * Names a flow: `i\0environment\0id\0type[\0kind]` by an id that somebody set, or `t\0trace` by the
 * trace that began it. Made and read only in `keys.ts`.
 */
export type FlowKey = string & { readonly [brand]: 'FlowKey' };
/**
 * A name under which spans find each other, besides parent and link: `m` a message's id, `p` its
 * position, `k` an identity key, `c` a conversation, `i` a flow's id. Made and read only in
 * `keys.ts`.
 */
export type Token = string & { readonly [brand]: 'Token' };
