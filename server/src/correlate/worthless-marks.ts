import type { Badge, Flow } from '../model/flow.ts';
import { isSoftToken } from '../model/keys.ts';
import { POLLED, REFERRER, TAKEN, WORTHLESS } from '../model/names.ts';
import type { Graph } from './graph/index.ts';

/**
 * Returns the flow with marks for those of its names that identify nothing, so that they survive a
 * restart. Marks of names that a user configured (identity keys, conversations) also show a badge.
 */
export function withWorthlessMarks(flow: Flow, graph: Graph): Flow {
  const marks = worthlessMarks(flow.tokens, graph);
  if (marks.length === 0) return flow;
  const badges: Set<Badge> = new Set(flow.badges);
  if (marks.some((mark) => isSoftToken(mark.slice(WORTHLESS.length)))) badges.add('id-conflict');
  return { ...flow, tokens: [...flow.tokens, ...marks], badges: [...badges].sort() };
}

export function worthlessMarks(tokens: readonly string[], graph: Graph): string[] {
  if (graph.worthless === 0) return [];
  return tokens
    .flatMap((token) =>
      token.startsWith(REFERRER) ? [token, POLLED + token.slice(REFERRER.length)] : [nameOf(token)],
    )
    .flatMap((name) => (graph.identifies(name) ? [] : [WORTHLESS + name]));
}

/** Returns the name that a row's token stands for, without the mark of a consumer. */
export const nameOf = (token: string): string =>
  token.startsWith(TAKEN) ? token.slice(TAKEN.length) : token;
