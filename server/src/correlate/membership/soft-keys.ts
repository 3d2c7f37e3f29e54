import { pushAll } from '../../base/lists.ts';
import { countOf, type Node, type Sharing, type Tree } from '../graph/index.ts';
import { hasStrongId, isConsumer } from '../../model/roles.ts';
import {
  identityNameOf,
  idToken,
  isNamedById,
  isConversationToken,
  isIdentityToken,
  softTokens,
  type FlowKey,
  type Token,
} from '../../model/keys.ts';

/**
 * A merge group is a set of trees that conversations and identity keys join into one flow. Trees
 * whose own ids contradict each other are never joined (invariant I9). Identity keys join trees
 * first; then conversations join the resulting groups, so that one conversation about two orders
 * does not merge the orders. All functions here are pure.
 */
export interface MergeGroup {
  trees: Tree[];
  tokens: Set<Token>;
  /**
   * Keys of flows with an explicit id to which trees of the group belong. After joining there is at
   * most one.
   */
  explicit: Set<FlowKey>;
  /** Flow key that all trees of the group get. */
  key: FlowKey | '';
}

/** Returns groups of trees that share soft tokens, directly or through other trees. */
export function mergeGroupsOf(trees: readonly Tree[]): MergeGroup[] {
  const alone = trees.map((tree) => merged([tree]));
  return joinedBy(isConversationToken, joinedBy(isIdentityToken, alone));
}

/**
 * Returns whether more than `most` flows that share this token contradict each other. The token
 * then joins nothing and must not rehydrate all of these flows each time it is used. What counts
 * are different explicit ids on the spans with the token and on their ancestors. For a
 * conversation, different values of an identity key count too. Later spans can only increase the
 * count.
 */
export function isContradicted(token: Token, said: Sharing, most: number): boolean {
  if (countOf(said) <= most) return false;
  const isConversation = isConversationToken(token);
  const values = new Map<string, Set<string>>();
  const isMore = (name: string, value: string): boolean => {
    const known = values.get(name);
    if (known === undefined) values.set(name, new Set([value]));
    return (known?.add(value).size ?? 1) > most;
  };
  for (const from of said)
    for (
      let node: Node | null = from;
      node !== null;
      node = isConsumer(node.span.role) ? null : node.parent
    ) {
      const { span } = node;
      if (hasStrongId(span) && isMore('', idToken(span))) return true;
      if (!isConversation) continue;
      for (const key of softTokens(span))
        if (isIdentityToken(key) && isMore(identityNameOf(key), key)) return true;
    }
  return false;
}

function joinedBy(
  isOfKind: (token: Token) => boolean,
  groups: readonly MergeGroup[],
): MergeGroup[] {
  if (groups.length === 1) return [...groups];
  const holders = new Map<Token, MergeGroup[]>();
  for (const one of groups)
    for (const token of one.tokens) {
      if (!isOfKind(token)) continue;
      const list = holders.get(token);
      if (list) list.push(one);
      else holders.set(token, [one]);
    }
  const joined: MergeGroup[] = [];
  const done = new Set<MergeGroup>();
  for (const start of groups) {
    if (done.has(start)) continue;
    done.add(start);
    const group = [start];
    for (const one of group)
      for (const token of one.tokens) {
        const list = holders.get(token) ?? [];
        // A token is followed only once. Otherwise each of thousands of groups with that token
        // would visit all others.
        holders.delete(token);
        for (const other of list) {
          if (done.has(other)) continue;
          done.add(other);
          group.push(other);
        }
      }
    const whole = group.length === 1 ? start : merged(group.flatMap((one) => one.trees));
    if (isContradictory(whole)) pushAll(joined, group);
    else joined.push(whole);
  }
  return joined;
}

function merged(trees: Tree[]): MergeGroup {
  const one: MergeGroup = { trees, tokens: new Set(), explicit: new Set(), key: '' };
  for (const tree of trees) {
    for (const token of tree.soft) one.tokens.add(token);
    if (tree.base === '') continue;
    if (isNamedById(tree.base)) one.explicit.add(tree.base);
    else if (one.key === '' || tree.base < one.key) one.key = tree.base;
  }
  for (const explicit of one.explicit) one.key = explicit;
  return one;
}

/** Returns whether the group contains two explicit flows, or two values of one identity key. */
function isContradictory({ explicit, tokens }: MergeGroup): boolean {
  if (explicit.size > 1) return true;
  const names = new Set<string>();
  for (const token of tokens) {
    if (!isIdentityToken(token)) continue;
    const name = identityNameOf(token);
    if (names.has(name)) return true;
    names.add(name);
  }
  return false;
}
