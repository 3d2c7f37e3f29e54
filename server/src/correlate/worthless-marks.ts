import type { Badge, Flow } from '../model/flow.ts';
import { isSoftToken } from '../model/keys.ts';
import { POLLED, REFERRER, TAKEN, WORTHLESS } from '../model/names.ts';
import type { Graph } from './graph/index.ts';

/**
 * Returns the flow with marks for its worthless tokens, which identify nothing, so that this is
 * known after a restart too. If a marked name was configured by a user (identity key,
 * conversation), the flow also gets the badge `id-conflict`.
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

/**
 * Returns the name that a token of a row stands for: the token without the prefix that marks a
 * consumer.
 */
export const nameOf = (token: string): string =>
  token.startsWith(TAKEN) ? token.slice(TAKEN.length) : token;
