import { BpmnModdle } from 'bpmn-moddle';
import { stepsOfGraph, type Graph, type GraphNode } from './graph.ts';

/**
 * This file reads processes of BPMN 2.0 as declared flows. Tasks and call activities become steps.
 * Steps on alternative paths are optional, and so are steps that only boundary events or event
 * sub-processes lead to. A parallel gateway waits for all paths that lead to it. A task for
 * compensation is recorded at the task that it undoes.
 */
interface Element {
  $type: string;
  id?: string;
  name?: string;
  rootElements?: Element[];
  flowElements?: Element[];
  artifacts?: Element[];
  sourceRef?: Element;
  targetRef?: Element;
  attachedToRef?: Element;
  triggeredByEvent?: boolean;
  isForCompensation?: boolean;
  eventDefinitions?: Element[];
}

const TASK = /^bpmn:(?:\w*Task|CallActivity)$/;
const SUB_PROCESS = /^bpmn:(?:SubProcess|Transaction|AdHocSubProcess)$/;
const MAX_NODES = 300;
const MAX_DEPTH = 20;

/** Returns each process in the shape of a definitions file, and the problems found in the text. */
export async function fromBpmn(
  text: string,
): Promise<{ flows: Record<string, unknown>; problems: string[] }> {
  let root: Element;
  try {
    root = (await new BpmnModdle().fromXML(text)).rootElement as Element;
  } catch (error) {
    return { flows: {}, problems: [`bpmn: ${(error as Error).message.slice(0, 200)}`] };
  }
  const flows: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const process of root.rootElements ?? []) {
    if (process.$type !== 'bpmn:Process') continue;
    const type = (process.name ?? process.id ?? 'process').slice(0, 200);
    const graph = graphOf(process);
    if (graph.nodes.size > MAX_NODES)
      problems.push(`bpmn: ${type} has more than ${MAX_NODES} nodes`);
    else {
      const steps = stepsOfGraph(graph);
      if (steps.length === 0) problems.push(`bpmn: ${type} has no task`);
      else flows[type] = { steps };
    }
  }
  if (Object.keys(flows).length === 0 && problems.length === 0)
    problems.push('bpmn: there is no process');
  return { flows, problems };
}

function graphOf(process: Element): Graph {
  const nodes = new Map<string, GraphNode>();
  const END = '(end)';
  const START = '(start)';
  nodes.set(END, { next: [] });
  nodes.set(START, { next: addElements(nodes, process, END, 0) });
  return { start: START, ends: new Set([END]), nodes };
}

/**
 * Adds the elements of a process or sub-process as nodes. Returns the ids of the elements with
 * which it begins.
 */
function addElements(
  nodes: Map<string, GraphNode>,
  of: Element,
  end: string,
  depth: number,
): string[] {
  const elements = of.flowElements ?? [];
  const compensations = compensationsOf(of);
  // Paths are read from the sequence flows. Elements may list their sequence flows too, but not all
  // tools write these lists.
  const leadsTo = new Map<string, string[]>();
  for (const { sourceRef, targetRef, $type: type } of elements)
    if (type === 'bpmn:SequenceFlow' && sourceRef?.id !== undefined && targetRef?.id !== undefined)
      leadsTo.set(sourceRef.id, [...(leadsTo.get(sourceRef.id) ?? []), targetRef.id]);
  for (const element of elements) {
    const { $type: type, id } = element;
    if (id === undefined || type === 'bpmn:SequenceFlow') continue;
    const to = leadsTo.get(id) ?? [end];
    // Boundary events (such as errors) are left out, so that a step behind them is not required.
    if (type === 'bpmn:BoundaryEvent') continue;
    if (TASK.test(type)) {
      const name = (element.name?.trim() || id).slice(0, 200);
      const undo = compensations.get(id);
      const step = { name, ...(undo !== undefined && { compensatedBy: undo }) };
      nodes.set(id, { next: element.isForCompensation ? [] : to, step });
    } else if (SUB_PROCESS.test(type) && depth < MAX_DEPTH) {
      nodes.set(`${id}/done`, { next: element.triggeredByEvent ? [] : to });
      nodes.set(id, { next: addElements(nodes, element, `${id}/done`, depth + 1) });
    } else
      nodes.set(id, { next: to, ...(type === 'bpmn:ParallelGateway' && { joins: true as const }) });
  }
  return startsOf(elements);
}

/**
 * Returns the ids of the start events; if there are none, the ids of the elements to which no
 * sequence flow leads.
 */
function startsOf(elements: readonly Element[]): string[] {
  const starts = elements.filter(({ $type: type }) => type === 'bpmn:StartEvent');
  const reached = new Set(elements.map(({ targetRef }) => targetRef?.id));
  const isFirst = ({ $type: type, id = '', ...element }: Element): boolean =>
    (TASK.test(type) || /Gateway$|Event$/.test(type)) &&
    type !== 'bpmn:BoundaryEvent' &&
    element.isForCompensation !== true &&
    !reached.has(id);
  const first = starts.length > 0 ? starts : elements.filter(isFirst);
  return first.flatMap(({ id }) => id ?? []);
}

/** Returns the name of the task that undoes another task, by the id of the task that it undoes. */
function compensationsOf({ flowElements = [], artifacts = [] }: Element): Map<string, string> {
  const found = new Map<string, string>();
  for (const { $type: type, attachedToRef, id, eventDefinitions = [] } of flowElements) {
    const undoes = eventDefinitions.some((one) => one.$type === 'bpmn:CompensateEventDefinition');
    if (type !== 'bpmn:BoundaryEvent' || !undoes) continue;
    const association = artifacts.find(
      (one) => one.$type === 'bpmn:Association' && one.sourceRef?.id === id,
    );
    const target = association?.targetRef;
    if (target === undefined || attachedToRef?.id === undefined) continue;
    found.set(attachedToRef.id, (target.name?.trim() || (target.id ?? '')).slice(0, 200));
  }
  return found;
}
