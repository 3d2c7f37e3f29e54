import { expect, test } from 'vitest';
import { z } from 'zod';
import { readYaml } from './yaml.ts';

const schema = z.strictObject({ channels: z.array(z.string()).default([]) });

test.each([
  ['a list', '# who is told\n- channels: [ops]\n', 'line 2: a list stands where'],
  ['a text', 'channels\n', 'line 1: a text stands where'],
  ['a number', '7', 'line 1: a text stands where'],
  ['bytes', '\u0001\u0002\u0003PNG\u0000', 'line 1: a text stands where'],
])('%s is no settings file, and says so', (_what, text, problem) => {
  const read = readYaml(text, schema);
  expect(read.data).toBeNull();
  expect(read.problems[0]).toContain(problem);
});

test.each(['', '# nothing yet\n', '---\n'])('a file that says nothing is one: %j', (text) => {
  expect(readYaml(text, schema)).toMatchObject({ data: { channels: [] }, problems: [] });
});
