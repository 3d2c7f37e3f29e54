/**
 * Names under which the store finds what left memory begin with what they name: a span by its key, or by its trace alone;
 * whoever refers to a span as parent or link; flows with a span that may name them after its trace (two roots of one
 * trace are one flow); everything else is a token, whole.
 */
export const SPAN = 's\0';
export const TRACE = 't\0';
export const REFERRER = 'r\0';
export const ORIGIN = 'o\0';
export const TOKEN = '';
