import {
  ATTR_FLOW_OUTCOME,
  ATTR_STEP_ATTEMPT,
  ATTR_STEP_KIND,
} from '@fermata/instrumentation/semconv';
import { boundText } from '../../model/cut-text.ts';
import type { ForeignSpan } from '../foreign.ts';
import type { Item, ReadOptions } from '../format.ts';
import { jsonItems, parseItem, wholeEnd, type JsonItem } from '../input/json-items.ts';
import { itemsOf, tried } from '../items.ts';
import { keyAttribute, stepAttributes } from '../names.ts';

/** An execution as Conductor answers `GET /api/workflow/{id}`. Times are in ms since 1970. */
interface Execution {
  workflowId?: string;
  workflowName?: string;
  workflowType?: string;
  workflowDefinition?: { name?: string };
  correlationId?: string;
  parentWorkflowId?: string;
  status?: string;
  startTime?: number;
  createTime?: number;
  endTime?: number;
  reasonForIncompletion?: string;
  tasks?: Task[];
}
interface Task {
  taskId?: string;
  taskType?: string;
  taskDefName?: string;
  referenceTaskName?: string;
  status?: string;
  retryCount?: number;
  scheduledTime?: number;
  startTime?: number;
  endTime?: number;
  workerId?: string;
  reasonForIncompletion?: string;
}

const OUTCOMES: ReadonlyMap<string, string> = new Map([
  ...([
    ['COMPLETED', 'completed'],
    ['FAILED', 'failed'],
  ] as const),
  ...([
    ['TERMINATED', 'cancelled'],
    ['TIMED_OUT', 'timed_out'],
  ] as const),
]);
const FAILED = /FAILED|TIMED_OUT/;
const IN_PROGRESS = /^(?:IN_PROGRESS|SCHEDULED)$/;

/**
 * Reads executions of Conductor's workflows from a single execution, a list, or one per line. Each
 * execution becomes a flow.
 */
export async function* readConductor(
  chunks: AsyncIterable<Uint8Array>,
  { flowType }: ReadOptions,
): AsyncIterable<Item> {
  for await (const item of jsonItems(chunks, ['', '[]'])) {
    yield* tried(`byte ${item.end}`, () => itemsOfExecution(item, flowType));
  }
}

function* itemsOfExecution(item: JsonItem, flowType: string): Iterable<Item> {
  const execution = parseItem<Execution>(item);
  if (execution.workflowId === undefined || !Array.isArray(execution.tasks)) {
    const why = Array.isArray(execution.tasks)
      ? 'it is a definition: post it to /api/v1/definitions'
      : 'it is no execution: it has no workflowId or no tasks';
    yield { kind: 'skipped', what: `byte ${item.end}`, why };
    return;
  }
  yield* itemsOf(makersOf(execution, flowType), (make) => make(), wholeEnd(item));
}

const nanos = (ms: number | undefined): bigint =>
  BigInt(Math.max(0, Math.round(Number(ms) || 0))) * 1_000_000n;

/**
 * Returns a function for each span of an execution that makes it, so that a failure to make one
 * span does not affect the others.
 */
function makersOf(execution: Execution, flowType: string): (() => ForeignSpan)[] {
  const { tasks = [], status = '', correlationId, parentWorkflowId } = execution;
  const flow = boundText(execution.workflowId ?? '');
  const name =
    execution.workflowName ?? execution.workflowType ?? execution.workflowDefinition?.name;
  const type = boundText(flowType || (name ?? 'workflow'));
  const trace = `conductor\0${flow}`;
  const outcome = OUTCOMES.get(status);
  const began = nanos(execution.startTime ?? execution.createTime);
  const whole: ForeignSpan = {
    ...{ trace, id: 'execution', name: type, service: 'conductor', start: began },
    end: outcome === undefined ? null : nanos(execution.endTime),
    ...(FAILED.test(status) && { error: execution.reasonForIncompletion ?? status }),
    attributes: {
      ...stepAttributes(flow, type, type),
      ...(outcome !== undefined && { [ATTR_FLOW_OUTCOME]: outcome }),
      ...(correlationId !== undefined && { [keyAttribute('correlation')]: correlationId }),
      ...(parentWorkflowId !== undefined && { [keyAttribute('parent')]: parentWorkflowId }),
    },
  };
  const steps = tasks.map((task, i) => () => spanOf(task, i, flow, type, trace));
  return [() => whole, ...steps];
}

function spanOf(task: Task, i: number, flow: string, type: string, trace: string): ForeignSpan {
  const { taskDefName, referenceTaskName, taskType = 'SIMPLE', status = '', retryCount = 0 } = task;
  const step = taskDefName || referenceTaskName || taskType;
  const isWait = taskType === 'WAIT' || taskType === 'HUMAN';
  return {
    ...{ trace, id: task.taskId ?? `task ${i}`, parent: 'execution', name: step },
    ...{ service: isWait ? 'conductor' : `${step} worker`, kind: isWait ? 'internal' : 'server' },
    start: nanos(task.startTime || task.scheduledTime),
    end: IN_PROGRESS.test(status) || !task.endTime ? null : nanos(task.endTime),
    ...(FAILED.test(status) && { error: task.reasonForIncompletion ?? status }),
    ...(task.workerId && { resource: { 'service.instance.id': task.workerId } }),
    attributes: {
      ...stepAttributes(flow, type, step),
      ...(retryCount > 0 && { [ATTR_STEP_ATTEMPT]: retryCount + 1 }),
      ...(isWait && { [ATTR_STEP_KIND]: taskType === 'WAIT' ? 'timer' : 'human' }),
    },
  };
}
