import { expect, test } from 'vitest';
import { POLLED, REFERRER, TAKEN, WORTHLESS } from '../model/names.ts';
import { someFlows } from '../testing/some-flows.ts';
import type { Graph } from './graph/index.ts';
import { nameOf, withWorthlessMarks, worthlessMarks } from './worthless-marks.ts';

/** Returns a graph in which these names identify nothing. */
const graph = (...worthless: string[]): Graph =>
  ({
    ...{ worthless: worthless.length, identifies: (name: string) => !worthless.includes(name) },
  }) as unknown as Graph;
const [plain] = someFlows(1, 0);
const flow = { ...plain!, badges: [], tokens: ['m\0id', 'k\0\0order\0' + '1'] };

test('a flow all of whose names identify something is as it was', () => {
  expect(withWorthlessMarks(flow, graph())).toBe(flow);
  expect(withWorthlessMarks(flow, graph('m\0another'))).toBe(flow);
});

test('a name that identifies nothing is marked beside it', () => {
  const marked = withWorthlessMarks(flow, graph('m\0id'));
  expect(marked.tokens).toEqual([...flow.tokens, `${WORTHLESS}m\0id`]);
  expect(marked.badges).toEqual([]);
});

test('of a name that somebody asked for the reader is told as well', () => {
  const marked = withWorthlessMarks({ ...flow, badges: ['sampled'] }, graph(flow.tokens[1]!));
  expect(marked.badges).toEqual(['id-conflict', 'sampled']);
  const twice = withWorthlessMarks({ ...flow, badges: ['id-conflict'] }, graph(flow.tokens[1]!));
  expect(twice.badges).toEqual(['id-conflict']);
});

test('who only took a message is marked by the name of the message', () => {
  expect(nameOf(`${TAKEN}m\0id`)).toBe('m\0id');
  expect(nameOf('m\0id')).toBe('m\0id');
  expect(worthlessMarks([`${TAKEN}m\0id`], graph('m\0id'))).toEqual([`${WORTHLESS}m\0id`]);
});

test('who refers to a span is marked by what it refers to, as parent and as poll', () => {
  const span = 'a'.repeat(48);
  const marks = (...worthless: string[]): string[] =>
    worthlessMarks([REFERRER + span], graph(...worthless));
  expect(marks(POLLED + span)).toEqual([WORTHLESS + POLLED + span]);
  expect(marks(REFERRER + span)).toEqual([WORTHLESS + REFERRER + span]);
  expect(marks(span)).toEqual([]);
});
