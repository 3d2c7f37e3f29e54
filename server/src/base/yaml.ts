import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  stringify,
  visit,
  type Document,
} from 'yaml';
import type { z } from 'zod';

/**
 * Result of reading a settings file: either `data`, or all problems, each with its line and field.
 */
export interface Read<T> {
  data: T | null;
  problems: string[];
  /**
   * Returns the line of the node at `path`, or of its nearest existing ancestor. The caller uses it
   * to report problems that the schema cannot detect.
   */
  lineOf: (path: readonly PropertyKey[]) => number;
}

/**
 * Parses YAML, and replaces `${NAME}` in texts by a variable from `environment`, so that secrets
 * need not be in the file. The result of a replacement is always a text, even if it looks like a
 * number or a map.
 */
export function readYaml<S extends z.ZodType>(
  text: string,
  schema: S,
  environment?: Record<string, string | undefined>,
): Read<z.infer<S>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (path: readonly PropertyKey[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node =
        length === 0
          ? document.contents
          : document.getIn(path.slice(0, length) as (string | number)[], true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range) return lines.linePos(range[0]).line;
    }
    return 1;
  };
  if (document.errors.length > 0)
    return {
      data: null,
      problems: document.errors.map((error) => error.message.split('\n')[0]!),
      lineOf,
    };
  if (environment !== undefined) {
    const unset = fill(document, lines, environment);
    if (unset.length > 0) return { data: null, problems: unset, lineOf };
  }
  const { contents } = document;
  const saysNothing = contents === null || (isScalar(contents) && contents.value === null);
  // A wrong indentation can turn the whole file into a list or a text. Report this, because
  // otherwise the file would be treated as empty.
  if (!saysNothing && !isMap(contents)) {
    const what = isSeq(contents) ? 'a list' : 'a text';
    return {
      data: null,
      problems: [
        `line ${lineOf([])}: ${what} stands where a map of settings is expected, like "name: value"`,
      ],
      lineOf,
    };
  }
  const parsed = schema.safeParse(saysNothing ? {} : document.toJS({ maxAliasCount: 100 }));
  if (parsed.success) return { data: parsed.data, problems: [], lineOf };
  return {
    data: null,
    problems: parsed.error.issues.map((issue) => `line ${lineOf(issue.path)}: ${problemOf(issue)}`),
    lineOf,
  };
}

/** Replaces `${NAME}` in all texts. Returns a problem for each variable that is not set. */
function fill(
  document: Document.Parsed,
  lines: LineCounter,
  environment: Record<string, string | undefined>,
): string[] {
  const unset: string[] = [];
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value !== 'string') return;
      node.value = node.value.replace(/\$\{([A-Z0-9_]+)\}/g, (_all, name: string) => {
        const value = environment[name];
        if (value === undefined)
          unset.push(
            `line ${lines.linePos(node.range?.[0] ?? 0).line}: ${name} is not set in the environment`,
          );
        return value ?? '';
      });
    },
  });
  return unset;
}

/**
 * Formats a problem that a schema found, for example as `flows.order.steps.0.within: is not a
 * duration`.
 */
export const problemOf = (issue: { path: PropertyKey[]; message: string }): string =>
  `${issue.path.join('.') || 'file'}: ${issue.message}`;

/** Formats plain data as YAML with lines of at most 100 characters. */
export const writeYaml = (data: object): string => stringify(data, { lineWidth: 100 });
