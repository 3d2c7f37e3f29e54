import {
  ATTR_FLOW_OUTCOME,
  ATTR_STEP_ATTEMPT,
  ATTR_STEP_KIND,
} from '@fermata/instrumentation/semconv';
import { boundName } from '../../model/cut-text.ts';
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
  correlationId?: string | null;
  parentWorkflowId?: string | null;
  status?: string;
  startTime?: number;
  createTime?: number;
  endTime?: number;
  reasonForIncompletion?: string | null;
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
  reasonForIncompletion?: string | null;
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

/** Tasks that are over when others are: they fail because one of those did. */
const FOLLOWS =
  /^(?:FORK|FORK_JOIN|FORK_JOIN_DYNAMIC|JOIN|EXCLUSIVE_JOIN|DO_WHILE|DECISION|SWITCH)$/;
/** Tasks that Conductor does itself, and no worker. */
const OWN = new RegExp(
  `${FOLLOWS.source}|^(?:DYNAMIC|EVENT|HTTP|HUMAN|INLINE|JSON_JQ_TRANSFORM|KAFKA_PUBLISH|LAMBDA|` +
    'NOOP|SET_VARIABLE|START_WORKFLOW|SUB_WORKFLOW|TERMINATE|WAIT)$',
);

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
  const flow = boundName(execution.workflowId ?? '');
  const name =
    execution.workflowName ?? execution.workflowType ?? execution.workflowDefinition?.name;
  const type = boundName(flowType || (name ?? 'workflow'));
  const trace = `conductor\0${flow}`;
  const outcome = OUTCOMES.get(status);
  const began = nanos(execution.startTime ?? execution.createTime);
  const follows = ({ taskType = 'SIMPLE' }: Task): boolean => FOLLOWS.test(taskType);
  const causes = tasks.filter((task: Task | null) => task && !follows(task) && hasError(task));
  const reason = execution.reasonForIncompletion ?? status;
  // One failure is one failure: what is said of the execution is what was said of its task.
  const isOwnFailure = !causes.some((task) => task.reasonForIncompletion === reason);
  const whole: ForeignSpan = {
    ...{ trace, id: 'execution', name: type, service: 'conductor', start: began },
    end: outcome === undefined ? null : nanos(execution.endTime),
    ...(FAILED.test(status) && isOwnFailure && { error: reason }),
    attributes: {
      ...stepAttributes(flow, type, type),
      ...(outcome !== undefined && { [ATTR_FLOW_OUTCOME]: outcome }),
      ...(correlationId && { [keyAttribute('correlation')]: correlationId }),
      ...(parentWorkflowId && { [keyAttribute('parent')]: parentWorkflowId }),
    },
  };
  const steps = tasks.map((task, i) => () => {
    const span = spanOf(task, i, flow, type, trace);
    const isCause = hasError(task) && !(causes.length > 0 && follows(task));
    return isCause ? { ...span, error: task.reasonForIncompletion ?? task.status! } : span;
  });
  return [() => whole, ...steps];
}

const hasError = ({ status = '' }: Task): boolean => FAILED.test(status);

/** The definition of a task that Conductor does itself often has the name of the type. */
function nameOf({ taskDefName, referenceTaskName, taskType = 'SIMPLE' }: Task): string {
  const isNamed = taskDefName && !(OWN.test(taskType) && taskDefName === taskType);
  // Each round of a loop has a reference of its own.
  return (isNamed && taskDefName) || referenceTaskName?.replace(/__\d+$/, '') || taskType;
}

function spanOf(task: Task, i: number, flow: string, type: string, trace: string): ForeignSpan {
  const { taskType = 'SIMPLE', status = '', retryCount = 0 } = task;
  const step = nameOf(task);
  const isWait = taskType === 'WAIT' || taskType === 'HUMAN';
  const worker = OWN.test(taskType) ? 'system task worker' : `${step} worker`;
  const end = IN_PROGRESS.test(status) || !task.endTime ? null : nanos(task.endTime);
  // Conductor notes the start of what takes no time some milliseconds after its end.
  const start = nanos(task.startTime || task.scheduledTime || task.endTime);
  return {
    ...{ trace, id: task.taskId ?? `task ${i}`, parent: 'execution', name: step },
    ...{ service: isWait ? 'conductor' : worker, kind: isWait ? 'internal' : 'server' },
    ...{ start: end !== null && end < start ? end : start, end },
    ...(task.workerId && { resource: { 'service.instance.id': task.workerId } }),
    attributes: {
      ...stepAttributes(flow, type, step),
      ...(retryCount > 0 && { [ATTR_STEP_ATTEMPT]: retryCount + 1 }),
      ...(isWait && { [ATTR_STEP_KIND]: taskType === 'WAIT' ? 'timer' : 'human' }),
    },
  };
}
