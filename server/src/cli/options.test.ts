import { expect, test } from 'vitest';
import { z } from 'zod';
import { QUESTIONS } from '../ask/index.ts';
import { printable } from './command.ts';
import { helpOf, readArguments } from './options.ts';

const command = {
  name: 'find',
  help: 'Finds.',
  position: 'query',
  input: z.object({
    query: z.string().optional().describe('Which'),
    sort: z.enum(['started', 'duration']).optional().describe('Sorted by'),
    limit: z.number().int().min(1).default(20).describe('Most'),
    all: z.boolean().default(false).describe('Everything'),
  }),
};
const read = (...args: string[]): unknown => readArguments(command, args).values;

test('arguments are read as the schema says, the query in one or several words', () => {
  expect(read()).toEqual({ limit: 20, all: false });
  expect(read('--limit', '5', '--all', 'status:stuck')).toEqual({
    ...{ limit: 5, all: true, query: 'status:stuck' },
  });
  expect(read('status:stuck', 'type:order')).toMatchObject({ query: 'status:stuck type:order' });
});

test('a query may begin with what must not match', () => {
  expect(read('-type:order')).toMatchObject({ query: '-type:order' });
  expect(read('--limit=3', '-type:order', '-status:failed')).toMatchObject({
    ...{ limit: 3, query: '-type:order -status:failed' },
  });
});

test.each([
  [['--limit', 'x'], '--limit'],
  [['--limit', '0'], '--limit'],
  [['--sort', 'name'], '--sort'],
  [['--colour'], '--colour'],
])('%j is refused, and says what is wrong', (args, what) => {
  expect(() => readArguments(command, args)).toThrow(what);
});

test('every question says what it takes', () => {
  for (const question of QUESTIONS) {
    const help = helpOf(question);
    expect(help).toContain(`Usage: fermata ${question.name}`);
    for (const name of Object.keys(question.input.shape)) expect(help).toContain(name);
    for (const field of Object.values(question.input.shape) as z.ZodType[])
      expect(field.description, question.name).toBeTruthy();
  }
});

test('what a terminal takes for orders is taken out', () => {
  expect(printable('a\u001b]0;x\u0007\tb\u202ec\n')).toBe('a·]0;x··b·c\n');
});
