import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApi } from './openapi.ts';
import { LINKS } from './links.ts';
import { ROUTES } from './routes/index.ts';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; schema: object }[];
  requestBody?: { required: boolean };
  responses: Record<string, { content?: Record<string, { schema: object }>; $ref?: string }>;
}
const document = openApi('1') as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, object> };
};
const operations = Object.values(document.paths).flatMap((methods) => Object.entries(methods));
const byId = new Map(operations.map(([, operation]) => [operation.operationId, operation]));

test('every route is there, with an id of its own', () => {
  expect(byId.size).toBe(ROUTES.length);
  expect([...byId.keys()].sort()).toEqual(ROUTES.map(({ operation }) => operation).sort());
});

test('every answer and every error has a schema', () => {
  for (const [, { operationId, responses }] of operations)
    for (const [status, { content, $ref }] of Object.entries(responses))
      if (status !== '308')
        expect($ref ?? Object.values(content ?? {})[0]?.schema, operationId).toBeDefined();
});

test('every body is required, and every reference leads somewhere', () => {
  for (const [method, { operationId, requestBody }] of operations)
    expect(requestBody?.required, operationId).toBe(method === 'post' ? true : undefined);
  const text = JSON.stringify(document);
  const named = [...text.matchAll(/"#\/components\/(schemas|responses)\/(\w+)"/g)];
  expect(named.length).toBeGreaterThan(100);
  for (const [, kind, name] of named)
    expect(document.components[kind as 'schemas'], name).toHaveProperty(name!);
});

test('what is a word of a list is described as one', () => {
  const status = byId.get('listFlows')!.parameters!.find(({ name }) => name === 'status');
  expect(JSON.stringify(status)).toContain('timed_out');
  expect(JSON.stringify(document.components.schemas['FlowStatus'])).toContain('timed_out');
});

test('no object has a field that the contract does not have', () => {
  const text = readFileSync(new URL('schemas/contract.json', import.meta.url), 'utf8');
  const open = (JSON.stringify(JSON.parse(text)).match(/"type":"object"/g) ?? []).length;
  const closed = (text.match(/"additionalProperties":/g) ?? []).length;
  expect(closed).toBe(open);
});

test('links name operations and parameters that there are', () => {
  for (const { from, to, with: parameters } of LINKS) {
    expect(byId.has(from), from).toBe(true);
    const known = byId.get(to)?.parameters?.map(({ name }) => name);
    for (const name of Object.keys(parameters)) expect(known, to).toContain(name);
  }
});
