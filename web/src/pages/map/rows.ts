import { flowsAddress } from '../../data/compare.ts';
import type { Filter } from '../../data/filter.ts';
import { changeOfCount, changeOfMs } from '../../ui/change.ts';
import { duration, isolate } from '../../ui/format.ts';
import type { Cell, Column, Row } from '../../ui/sort.ts';
import { type MapMessage, type MapStep } from './graph.ts';
import { messageName } from '@fermata/server/words';

/** This file makes two tables, of steps and of messages, with the same content as the graph. */
export const stepColumns = (isCompared: boolean): Column[] => [
  { label: 'Step' },
  { label: 'Service' },
  number('Flows'),
  ...(isCompared ? [number('Change')] : []),
  number('Runs'),
  number('Works, p50'),
  number('p95'),
  ...(isCompared ? [number('Change of p50')] : []),
  number('Failed'),
  number('Late'),
  number('Stuck'),
];
export const messageColumns = (isCompared: boolean): Column[] => [
  { label: 'Message' },
  { label: 'From' },
  { label: 'To' },
  { label: 'Destination' },
  number('Flows'),
  ...(isCompared ? [number('Change')] : []),
  number('Waits, p50'),
  number('p95'),
  ...(isCompared ? [number('Change of p50')] : []),
  number('Waiting now'),
  number('Dead-lettered'),
];

export const stepRows = (steps: readonly MapStep[], filter: Filter, isCompared: boolean): Row[] =>
  steps.map(({ node, before }) => ({
    id: node.id,
    cells: [
      { text: node.step },
      { text: node.service },
      flows(node, filter),
      ...(isCompared ? [countChange(node.flows, before?.flows)] : []),
      count(node.count),
      time(node.workMs.p50),
      time(node.workMs.p95),
      ...(isCompared ? [timeChange(node.workMs.p50, before?.workMs.p50)] : []),
      count(node.failed, 'failed'),
      count(node.late, 'warn'),
      count(node.stuck, 'bad'),
    ],
  }));

export function messageRows(
  messages: readonly MapMessage[],
  steps: readonly MapStep[],
  filter: Filter,
  isCompared: boolean,
): Row[] {
  const names = new Map(
    steps.map(({ node }) => [node.id, `${isolate(node.step)} (${isolate(node.service)})`]),
  );
  return messages.map(({ edge, before }) => ({
    id: edge.id,
    cells: [
      { text: messageName(edge) || 'call' },
      { text: names.get(edge.from) ?? '' },
      { text: names.get(edge.to) ?? '' },
      { text: edge.message?.destination ?? '' },
      flows(edge, filter),
      ...(isCompared ? [countChange(edge.flows, before?.flows)] : []),
      time(edge.waitMs.p50),
      time(edge.waitMs.p95),
      ...(isCompared ? [timeChange(edge.waitMs.p50, before?.waitMs.p50)] : []),
      count(edge.waiting),
      count(edge.deadLettered, 'failed'),
    ],
  }));
}

function number(label: string): Column {
  return { label, isNumber: true };
}
const flows = (of: { flows: number; q: string }, filter: Filter): Cell => ({
  text: of.flows.toLocaleString('en'),
  sort: of.flows,
  ...(of.flows > 0 && { href: flowsAddress(filter, of.q) }),
});
const count = (value: number, tone?: Cell['tone']): Cell => ({
  text: value.toLocaleString('en'),
  sort: value,
  ...(value > 0 && tone && { tone }),
});
const time = (ms: number): Cell => ({ text: ms === 0 ? '—' : duration(ms), sort: ms });
const countChange = (now: number, before = 0): Cell => ({
  text: changeOfCount(now, before),
  sort: now - before,
});
const timeChange = (now: number, before = 0): Cell => ({
  text: changeOfMs(now, before),
  sort: now - before,
});
