import { Graph, layout } from '@dagrejs/dagre';
import type { MapMessage, MapStep } from './graph.ts';
import { messageName } from '@fermata/server/words';

export interface Point {
  x: number;
  y: number;
}
export interface Layout {
  /** Key of the set of steps. As long as it is equal, steps keep their positions. */
  key: string;
  /** Upper left corners of steps, by id. */
  steps: ReadonlyMap<string, Point>;
  /** Lines of messages, by id of the message. */
  ways: ReadonlyMap<string, Way>;
  width: number;
  height: number;
}
/** Line of a message: the points through which it passes, and the centre of its label. */
export interface Way {
  points: readonly Point[];
  label: Point;
}

export const STEP_WIDTH = 150;
const LABEL_HEIGHT = 30;
const MAX_LABEL = 132;
/**
 * Minimum label width, px: room for the second line, which shows the wait and, with a comparison,
 * its change.
 */
const MIN_LABEL = 74;
const MIN_COMPARED = 126;
/**
 * Number of steps above which the layout considers only the most frequent message to each step and
 * hides the names of messages. Arranging all lines would take seconds, and they would not be
 * readable.
 */
const MAX_ARRANGED = 60;
const GAPS = { nodesep: 30, edgesep: 10, ranksep: 40 };

export const isLarge = (steps: readonly MapStep[]): boolean => steps.length > MAX_ARRANGED;

/** Returns the height of a step's box, px. With a comparison it has one line more. */
export const stepHeight = (isCompared: boolean): number => (isCompared ? 80 : 64);

/** Returns the approximate width of a label, px, which has two lines in 11 px type. */
export function labelWidth(name: string, isCompared: boolean): number {
  const least = isCompared ? MIN_COMPARED : MIN_LABEL;
  return name === '' ? 0 : Math.min(MAX_LABEL, Math.max(least, 14 + 6.4 * name.length));
}

/**
 * Places steps from left to right along the messages. If the steps are the same as in the layout
 * `before`, they keep their positions and only lines of new messages are added.
 */
export function layoutOf(
  steps: readonly MapStep[],
  messages: readonly MapMessage[],
  isCompared: boolean,
  before: Layout | null,
): Layout {
  const height = stepHeight(isCompared);
  const ids = steps.map(({ node }) => node.id).sort();
  const key = `${height} ${ids.join(' ')}`;
  if (before?.key !== key) return arranged(key, steps, messages, isCompared);
  const ways = new Map(
    messages.map(({ edge }) => [
      edge.id,
      before.ways.get(edge.id) ??
        direct(before.steps.get(edge.from)!, before.steps.get(edge.to)!, height),
    ]),
  );
  return { ...before, ways };
}

function arranged(
  key: string,
  steps: readonly MapStep[],
  messages: readonly MapMessage[],
  isCompared: boolean,
): Layout {
  const height = stepHeight(isCompared);
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', ...GAPS, marginx: 12, marginy: 20 });
  // Nodes are inserted in order of their ids, so that the same graph always gets the same layout.
  for (const { node } of sortedBy(steps, ({ node: { id } }) => id))
    graph.setNode(node.id, { width: STEP_WIDTH, height });
  const isBrief = isLarge(steps);
  const guides = isBrief ? mainMessages(messages) : messages;
  for (const { edge } of sortedBy(guides, ({ edge: { id } }) => id)) {
    const width = isBrief ? 0 : labelWidth(messageName(edge), isCompared);
    graph.setEdge(
      { v: edge.from, w: edge.to, name: edge.id },
      {
        width,
        height: width > 0 ? LABEL_HEIGHT : 0,
        labelpos: 'c',
        weight: edge.flows > 0 ? 2 : 1,
      },
    );
  }
  layout(graph);
  const places = new Map(
    steps.map(({ node: { id } }) => {
      const { x = 0, y = 0 } = graph.node(id) as Partial<Point>;
      return [id, { x: x - STEP_WIDTH / 2, y: y - height / 2 }];
    }),
  );
  const ways = new Map(
    messages.map(({ edge }) => {
      const found = (graph.edge({ v: edge.from, w: edge.to, name: edge.id }) ?? {}) as {
        points?: Point[];
      } & Partial<Point>;
      return [edge.id, wayOf(found, places.get(edge.from)!, places.get(edge.to)!, height)];
    }),
  );
  const size = graph.graph() as { width?: number; height?: number };
  return { key, steps: places, ways, width: size.width ?? 0, height: size.height ?? 0 };
}

/** Returns the message with the most flows to each step. */
function mainMessages(messages: readonly MapMessage[]): MapMessage[] {
  const main = new Map<string, MapMessage>();
  for (const one of messages) {
    const other = main.get(one.edge.to);
    if (!other || one.edge.flows > other.edge.flows) main.set(one.edge.to, one);
  }
  return [...main.values()];
}

/**
 * Returns the line of a message. It leaves a step on the right and enters the next one on the left,
 * unless it leads backwards.
 */
function wayOf(
  { points = [], x, y }: { points?: readonly Point[] } & Partial<Point>,
  from: Point,
  to: Point,
  height: number,
): Way {
  if (points.length < 2) return direct(from, to, height);
  const inner = points.slice(1, -1);
  const isForward = to.x >= from.x + STEP_WIDTH;
  const ends = isForward ? direct(from, to, height).points : [points[0]!, points.at(-1)!];
  const all = [ends[0]!, ...inner, ends[1]!];
  return { points: all, label: x === undefined || y === undefined ? middle(all) : { x, y } };
}

function direct(from: Point, to: Point, height: number): Way {
  const points = [
    { x: from.x + STEP_WIDTH, y: from.y + height / 2 },
    { x: to.x, y: to.y + height / 2 },
  ];
  return { points, label: middle(points) };
}

function middle(points: readonly Point[]): Point {
  const [first, last] = [points[0]!, points.at(-1)!];
  return { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
}

/**
 * Returns an SVG path through the points. It is horizontal at each point, so that it has no kinks.
 */
export function pathOf(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: Math.round(x), y: Math.round(y) }));
  if (!first) return '';
  let { x, y } = first;
  let path = `M${x} ${y}`;
  for (const next of rest) {
    const half = Math.round((x + next.x) / 2);
    path += ` C${half} ${y} ${half} ${next.y} ${next.x} ${next.y}`;
    ({ x, y } = next);
  }
  return path;
}

const sortedBy = <T>(list: readonly T[], of: (one: T) => string): T[] =>
  [...list].sort((a, b) => (of(a) < of(b) ? -1 : 1));
