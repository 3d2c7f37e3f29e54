import { z } from 'zod';

/**
 * Checks responses of the server against the schemas in the API's own description,
 * `/api/openapi.json`. Test code only.
 */
export interface AnswerSchemas {
  /** Ids of all API operations. */
  operations: readonly string[];
  /**
   * Returns the problems of a response, each with its position in the body; an empty list if it
   * matches the schema.
   */
  problemsOf(operation: string, status: number, body: unknown): string[];
}
interface Described {
  paths: Record<
    string,
    Record<string, { operationId: string; responses: Record<string, unknown> }>
  >;
  components: { schemas: Record<string, object>; responses: Record<string, unknown> };
}
type Content = { content?: Record<string, { schema: object }> } & { $ref?: string };

export function answerSchemas(openapi: unknown): AnswerSchemas {
  const { paths, components } = openapi as Described;
  const text = JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/$defs/');
  const definitions = JSON.parse(text) as Record<string, never>;
  const operations = new Map(
    Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId, responses }) => [operationId, responses]),
  );
  const made = new Map<string, z.ZodType>();
  const schemaFor = (operation: string, status: number): z.ZodType | undefined => {
    const key = `${operation} ${status}`;
    const described = operations.get(operation)?.[status] as Content | undefined;
    const name = described?.$ref?.split('/').at(-1);
    const { content = {} } = name ? (components.responses[name] as Content) : (described ?? {});
    const [first] = Object.values(content);
    if (first === undefined) return undefined;
    const found = made.get(key);
    if (found) return found;
    const schema = JSON.parse(
      JSON.stringify(first.schema).replaceAll('#/components/schemas/', '#/$defs/'),
    ) as object;
    const checked = z.fromJSONSchema({ $defs: definitions, ...schema });
    made.set(key, checked);
    return checked;
  };
  return {
    operations: [...operations.keys()],
    problemsOf(operation, status, body) {
      const schema = schemaFor(operation, status);
      if (schema === undefined) return [`${operation} describes no ${status}`];
      const result = schema.safeParse(body);
      return (result.error?.issues ?? []).map(
        (issue) => `${operation} ${status} ${issue.path.join('.')}: ${issue.message}`,
      );
    },
  };
}
