// This file enforces which folder may import which other. docs/architecture.md contains the same
// rules as a table.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

const CORE = ['base', 'model'];
export const MAY_IMPORT: Record<string, readonly string[]> = {
  base: [],
  model: ['base'],
  contract: [],
  words: ['contract'],
  ask: ['base', 'contract', 'words'],
  cli: ['base', 'contract', 'words', 'ask', 'mcp'],
  mcp: ['ask'],
  receive: CORE,
  normalize: [...CORE, '@fermata/instrumentation/semconv'],
  correlate: CORE,
  timeline: CORE,
  expect: CORE,
  detect: CORE,
  alert: CORE,
  health: CORE,
  series: CORE,
  store: [...CORE, 'analyze'],
  analyze: CORE,
  query: [...CORE, 'contract', 'store', 'analyze'],
  push: [...CORE, 'contract'],
  exchange: [...CORE, 'contract', '@fermata/instrumentation/semconv'],
  config: [...CORE, 'alert', 'expect', 'query'],
  engine: [...CORE, 'normalize', 'store', 'correlate', 'timeline', 'expect', 'detect', 'receive'],
};

/** Npm packages that only the named folders may import. */
const HOME: Record<string, readonly string[]> = {
  express: ['receive', 'query'],
  'socket.io': ['push'],
  '@clickhouse/client': ['store'],
  chdb: ['store'],
  '@grpc/grpc-js': ['receive'],
  'chart.js': ['charts'],
};

const IMPORT = /\b(?:from|import|require)\s*\(?\s*['"]([^'"]+)['"]/g;
const folderOf = (path: string): string => (path.includes('/') ? path.split('/')[0]! : 'app');

export interface SourceFile {
  path: string;
  text: string;
}

export const filesIn = (root: string): SourceFile[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.(ts|svelte)$/.test(path) && !/(^|\/)(dist|node_modules)\//.test(path))
    .map((path) => ({
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(root, path), 'utf8'),
    }));

const importsOf = (file: SourceFile): string[] =>
  [...file.text.matchAll(IMPORT)].map(([, target = '']) => target);

/**
 * Returns whether a file is a test or belongs to a `testing` file or folder. Such files may import
 * more than the code that they test.
 */
export const isTestCode = (path: string): boolean => /\.test\.|(^|\/)testing(\/|\.ts$)/.test(path);

/** Returns imports between the server's folders that are not allowed. */
export function serverViolations(files: SourceFile[]): string[] {
  return files.flatMap((file) => {
    const from = folderOf(file.path);
    if (from === 'app' || isTestCode(file.path)) return [];
    return importsOf(file).flatMap((target) => {
      const local = target.startsWith('.');
      const home = HOME[target];
      if (home && !home.includes(from))
        return [`${file.path}: ${target} is imported only in ${home.join(', ')}`];
      if (!local && !target.startsWith('@fermata/')) return [];
      const path = local ? join(dirname(file.path), target) : target;
      const to = local ? folderOf(path) : target;
      if (from === to) return [];
      if (!MAY_IMPORT[from]?.includes(to)) return [`${file.path}: ${from} must not import ${to}`];
      const front = !local || CORE.includes(to) || path === `${to}/index.ts`;
      return front ? [] : [`${file.path}: reaches inside ${to}/, import ${to}/index.ts`];
    });
  });
}

/**
 * Returns imports between workspaces that are not allowed: web may import only the server's
 * contract and words, test only exports of packages, instrumentation nothing of the repository.
 */
export function workspaceViolations(
  workspace: 'web' | 'instrumentation' | 'test',
  files: SourceFile[],
): string[] {
  const allowed = {
    web: (target: string) => /^@fermata\/server\/(?:contract|words(?:\/usual)?)$/.test(target),
    instrumentation: () => false,
    test: (target: string) => !target.includes('/src/'),
  }[workspace];
  return files.flatMap((file) =>
    importsOf(file).flatMap((target) => {
      if (
        target === 'chart.js' &&
        file.path !== 'charts/chart.ts' &&
        !/import type/.test(file.text.split(target)[0]!.slice(-60))
      )
        return [`${file.path}: chart.js is imported only in charts/chart.ts`];
      if (target.startsWith('@fermata/') && !allowed(target))
        return [`${file.path}: ${workspace} must not import ${target}`];
      const climbs = target.startsWith('.') && join(dirname(file.path), target).startsWith('..');
      return climbs ? [`${file.path}: leaves the workspace by ${target}`] : [];
    }),
  );
}

/**
 * Returns cycles of imports between files, each as one text. Imports of types count too. A file in
 * a cycle cannot be read, moved or tested without the others.
 */
export function circles(files: readonly SourceFile[]): string[] {
  const known = new Map(files.map((file) => [file.path, file]));
  const next = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => join(dirname(file.path), target))
        .filter((path) => known.has(path)),
    ]),
  );
  const reached = (from: string): Set<string> => {
    const seen = new Set<string>();
    for (const work = [...next.get(from)!]; work.length > 0;) {
      const path = work.pop()!;
      if (seen.has(path)) continue;
      seen.add(path);
      work.push(...next.get(path)!);
    }
    return seen;
  };
  const reach = new Map([...known.keys()].map((path) => [path, reached(path)]));
  const found = new Set<string>();
  for (const [path, others] of reach) {
    const circle = [...others].filter((other) => reach.get(other)!.has(path));
    if (circle.length > 0) found.add([...new Set([path, ...circle])].sort().join(' ↔ '));
  }
  return [...found].sort();
}

/**
 * Returns imports of adapters that are not allowed. An adapter may import `adapter-kit.ts`,
 * `semconv.ts`, its client library, other adapters, and `adapters/parts`, which contains code that
 * adapters share.
 */
export function adapterViolations(files: SourceFile[]): string[] {
  const doors = /^\.\.\/(\.\.\/)?(adapter-kit|semconv)\.ts$|^\.\/parts\/[\w-]+\.ts$/;
  return files
    .filter(
      ({ path }) =>
        path.startsWith('adapters/') && path !== 'adapters/index.ts' && !isTestCode(path),
    )
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith('.') && !doors.test(target))
        // An adapter may import another adapter, because that one is bound by the same rule.
        .filter((target) => !/^\.\/(?!index\.)[\w-]+\.ts$/.test(target))
        .map(
          (target) => `${file.path}: adapters import adapter-kit.ts and semconv.ts, not ${target}`,
        ),
    );
}
