import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LINKS } from './links.ts';
import { jsonSchemaOf, type JsonSchema } from './parameters.ts';
import type { Operation, Route } from './route.ts';
import { ROUTES } from './routes/index.ts';

/** Folder of the schemas in the source. Built code reads them from there as well. */
const SCHEMAS = new URL(
  import.meta.url.includes('/dist/') ? '../../src/query/schemas/' : './schemas/',
  import.meta.url,
);
type ContractSchemas = Record<string, JsonSchema> & {
  Answers: { properties: Record<Operation, JsonSchema> };
};

const PROBLEM = 'application/problem+json';
/** Errors that routes may answer: the name of the response in OpenAPI, and its description. */
const ERRORS = {
  300: ['SeveralFlows', 'Several flows have this name: `choices`'],
  400: ['WrongRequest', 'A wrong parameter, body or name'],
  403: ['Forbidden', 'The `Host` or `Origin` is not served'],
  404: ['NotFound', 'Nothing has this name'],
  413: ['TooLarge', 'The body has more than 64 kB'],
  415: ['UnsupportedType', 'The body is of a type or encoding that is not taken'],
  429: ['Busy', 'As many imports go on as are allowed at once'],
  502: ['NotTaken', 'The receiver did not take it'],
  503: ['Unavailable', 'The store does not take or give data now'],
} as const satisfies Record<number, readonly [string, string]>;
type ErrorStatus = keyof typeof ERRORS;

/**
 * Returns the OpenAPI description of the API. It is made from the table of routes and from the
 * types of the contract, so that description, routes and answers always agree.
 */
export function openApi(version: string): object {
  const text = readFileSync(fileURLToPath(new URL('contract.json', SCHEMAS)), 'utf8');
  const { Answers: answers, ...schemas } = JSON.parse(text) as ContractSchemas;
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES)
    (paths[route.path] ??= {})[route.method ?? 'get'] = operationOf(
      route,
      answers.properties[route.operation],
    );
  return {
    openapi: '3.1.0',
    info: {
      title: 'Fermata',
      version,
      description: 'Event flows: what happened, what is waiting, since when and why.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas,
      responses: Object.fromEntries(
        Object.values(ERRORS).map(([name, description]) => [name, problem(description)]),
      ),
    },
  };
}

/** Response to a file that is wrong: either a problem document, or the report of the import. */
const WRONG_FILE = {
  description: 'A wrong parameter, or a file that could not be read',
  content: {
    'application/x-ndjson': { schema: {} },
    [PROBLEM]: { schema: { $ref: '#/components/schemas/Problem' } },
  },
};

const problem = (description: string): object => ({
  description,
  content: { [PROBLEM]: { schema: { $ref: '#/components/schemas/Problem' } } },
});

function operationOf(route: Route, answer: JsonSchema): object {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const parameters = [...names.map(pathParameter), ...queryParameters(route)];
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(route.method === 'post' && { requestBody: bodyOf(route) }),
    responses: responsesOf(route, answer),
  };
}

const pathParameter = (name: string): object => ({
  ...{ name, in: 'path', required: true },
  schema:
    name === 'fingerprint'
      ? { type: 'string', pattern: '^[0-9a-f]{16}$' }
      : { type: 'string', minLength: 1, maxLength: 300 },
});

function queryParameters({ query }: Route): object[] {
  return Object.entries(query?.shape ?? {}).map(([name, value]) => {
    const { description, ...schema } = jsonSchemaOf(value as z.ZodType);
    const isRequired = !(value as z.ZodType).safeParse(undefined).success;
    return {
      ...{ name, in: 'query', ...(isRequired && { required: true }) },
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

const bodyOf = ({ body, takesFile }: Route): object => ({
  required: true,
  content: takesFile
    ? { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
    : { 'application/json': { schema: jsonSchemaOf(body ?? z.strictObject({})) } },
});

function responsesOf(route: Route, answer: JsonSchema): object {
  const [first, ...others] = route.types ?? ['application/json'];
  const links = LINKS.filter(({ from }) => from === route.operation);
  const success = {
    description: route.summary,
    content: {
      [first!]: { schema: answer },
      ...Object.fromEntries(others.map((type) => [type, { schema: { type: 'string' } }])),
    },
    ...(links.length > 0 && {
      links: Object.fromEntries(
        links.map(({ to, with: parameters }) => [to, { operationId: to, parameters }]),
      ),
    }),
  };
  return {
    [route.isCreation ? 201 : 200]: success,
    ...(route.operation === 'getReadyz' && {
      503: { ...success, description: 'Spans cannot be taken now: `problems`' },
    }),
    ...(isNamed(route) && {
      308: {
        description: 'The flow has this name, and its id is in `Location`',
        headers: { Location: { schema: { type: 'string' } } },
      },
    }),
    ...Object.fromEntries(
      errorsOf(route).map((status) => [
        status,
        { $ref: `#/components/responses/${ERRORS[status][0]}` },
      ]),
    ),
    ...(route.takesFile && { 400: WRONG_FILE }),
  };
}

/** Returns whether the route accepts any name of a flow as `{id}`. */
const isNamed = ({ path }: Route): boolean => path.startsWith('/api/v1/flows/{id}');

function errorsOf(route: Route): ErrorStatus[] {
  const isPost = route.method === 'post';
  const isOfApi = route.path.startsWith('/api/');
  const statuses: (ErrorStatus | false)[] = [
    isNamed(route) && 300,
    isOfApi && 400,
    403,
    route.path.includes('{') && 404,
    isPost && !route.takesFile && 413,
    isPost && 415,
    isOfApi && 503,
    ...(route.errors ?? []),
  ];
  const all = statuses.filter((status) => status !== false);
  return [...new Set(all)].sort((a, b) => a - b);
}
