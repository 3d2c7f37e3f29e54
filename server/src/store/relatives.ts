import type { Flow, Relation } from '../model/flow.ts';
import type { Param, QueryRows } from './connection/port.ts';
import { CHILDREN_OF_FLOW, FLOWS_BY_EXPLICIT_ID, RUNS_OF_FLOW } from './sql/relatives.sql.ts';

/** Settings of the reads. A flow's page waits for them for some seconds, and no longer. */
export const FEW_SECONDS = 'max_execution_time = 3';

/**
 * Finds the parent and the children of a flow. They are queried, because a flow's own row does not
 * hold them. A child identifies its parent by id and type (a hash of both), or by the id alone. If
 * the parent has several runs, the child belongs to the last run that had started before the child.
 */
export interface Relatives {
  of(flow: Flow): Promise<Relation[]>;
}

interface Relative {
  id: string;
  type: string;
  key: string;
  started: string;
}

export function createRelatives(query: QueryRows): Relatives {
  const read = (sql: string, params: Record<string, Param>): Promise<Relative[]> =>
    query<Relative>(sql, params, FEW_SECONDS);
  const runsOf = (first: string): Promise<Relative[]> => read(RUNS_OF_FLOW, { first });

  const parentOf = async ({ id, parentId, environment, started }: Flow): Promise<Relation[]> => {
    if (parentId === null) return [];
    let runs = await runsOf(parentId);
    if (runs.length === 0) runs = await read(FLOWS_BY_EXPLICIT_ID, { environment, name: parentId });
    const isOne = new Set(runs.map(({ type }) => type)).size === 1;
    runs = runs.filter((run) => run.id !== id);
    const parent = runs.findLast((run) => BigInt(run.started) <= started) ?? runs[0];
    return [
      isOne && parent !== undefined
        ? { flowId: parent.id, kind: 'parent', viaSpanId: '', target: parent.key }
        : { flowId: null, kind: 'parent', viaSpanId: '', target: parentId },
    ];
  };

  const childrenOf = async ({ id, flowId, run, environment }: Flow): Promise<Relation[]> => {
    const first = run === 1 ? id : id.slice(0, -`.${run}`.length);
    const [children, runs] = await Promise.all([
      read(CHILDREN_OF_FLOW, {
        environment,
        names: flowId === '' ? [first] : [first, flowId],
      }),
      runsOf(first),
    ]);
    const runAt = (started: string): Relative | undefined =>
      runs.findLast((one) => BigInt(one.started) <= BigInt(started)) ?? runs[0];
    return children
      .filter((child) => child.id !== id && runAt(child.started)?.id === id)
      .map((child) => ({ flowId: child.id, kind: 'child', viaSpanId: '', target: child.key }));
  };

  return {
    async of(flow) {
      const [parent, children] = await Promise.all([parentOf(flow), childrenOf(flow)]);
      return [...parent, ...children];
    },
  };
}
