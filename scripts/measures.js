import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { BANNED_WORDS, EXCEPTIONS } from './measures-exceptions.js';

/**
 * Prints numbers that tell how readable the code is: `npm run measures [-- --check] [-- --root
 * DIRECTORY]`. With `--check` it fails if anything exceeds a limit and `measures-exceptions.js`
 * does not permit it, or if a permitted value is larger than needed.
 */
const args = process.argv.slice(2);
const root = args.includes('--root')
  ? args[args.indexOf('--root') + 1]
  : fileURLToPath(new URL('..', import.meta.url));
const WORKSPACES = ['server/src', 'instrumentation/src', 'web/src', 'test', 'scripts'];
const LIMITS = { function: 60, factory: 120, file: 350, columns: 100, variables: 6 };
/**
 * Folders of the server's pipeline stages. A stage must not call another stage; only the engine
 * calls several.
 */
const STAGES = [
  'normalize',
  'correlate',
  'timeline',
  'expect',
  'detect',
  'store',
  'analyze',
  'push',
];
const CALLABLE = /^(clock|log|counters|random|guard|sink)$/;

const files = WORKSPACES.flatMap((workspace) => {
  try {
    return readdirSync(join(root, workspace), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|js|svelte)$/.test(path) && !/(^|\/)(dist|node_modules)\//.test(path))
      .map((path) => `${workspace}/${path}`);
  } catch {
    return [];
  }
}).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
const isTest = ({ path }) => /\.test\.ts$|\/testing(\/|\.ts$)|^(test|scripts)\//.test(path);
const isGenerated = ({ text }) => /^\/\/ generated|^\/\* generated|^\/\/ Generated/.test(text);
const production = files.filter((file) => !isTest(file) && !isGenerated(file));

const codeOf = ({ path, text }) =>
  path.endsWith('.svelte') ? (/<script[^>]*>([^]*?)<\/script>/.exec(text)?.[1] ?? '') : text;
const parse = (file) =>
  ts.createSourceFile(
    file.path.replace(/svelte$/, 'ts'),
    codeOf(file),
    ts.ScriptTarget.Latest,
    true,
  );

const isFunction = (node) =>
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isMethodDeclaration(node);
const nameOf = (node) =>
  node.name?.getText() ??
  (ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent)
    ? node.parent.name.getText()
    : '(anonymous)');
/**
 * Counts the state of a factory: variables that it reassigns, and maps, sets and arrays that start
 * empty.
 */
const ownedVariables = (body) =>
  body.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) =>
      declarationList.declarations.filter(
        ({ initializer }) =>
          (declarationList.flags & ts.NodeFlags.Const) === 0 ||
          (initializer !== undefined &&
            ((ts.isNewExpression(initializer) &&
              /^(Weak)?(Map|Set)$/.test(initializer.expression.getText())) ||
              (ts.isArrayLiteralExpression(initializer) && initializer.elements.length === 0))),
      ),
    ).length;
/** Tells whether a function is a factory, that is, returns functions that share its variables. */
const isFactory = (node) =>
  node.body !== undefined &&
  ts.isBlock(node.body) &&
  (/^create[A-Z]/.test(nameOf(node)) ||
    node.body.statements.some(
      (statement) =>
        ts.isReturnStatement(statement) &&
        statement.expression !== undefined &&
        (isFunction(statement.expression) ||
          (ts.isObjectLiteralExpression(statement.expression) &&
            statement.expression.properties.some(
              (member) =>
                ts.isMethodDeclaration(member) ||
                (ts.isPropertyAssignment(member) && isFunction(member.initializer)),
            ))),
    ));

const functions = production.flatMap((file) => {
  const source = parse(file);
  const found = [];
  const lineOf = (at) => source.getLineAndCharacterOfPosition(at).line;
  const visit = (node) => {
    if (isFunction(node) && node.body !== undefined) {
      const lines = lineOf(node.end) - lineOf(node.getStart()) + 1;
      const factory = isFactory(node);
      const variables = factory ? ownedVariables(node.body) : 0;
      found.push({ where: `${file.path} ${nameOf(node)}`, lines, factory, variables });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
});

const linesOf = (file) => file.text.trimEnd().split('\n').length;
const isComment = (line) => /^\s*(\/\/|\/?\*)/.test(line) || /\/\/ |\/\*\*/.test(line);
/**
 * Tells whether a line contains a string, regular expression or tag of 40 or more characters. Such
 * a line may exceed the limit, because a broken text cannot be found by a search.
 */
const hasLongText = (line) => /(['"`]).{40,}\1|\/.{40,}\/[a-z]*|^\s*[^<]*<[^>]{60,}/.test(line);
const longLines = files
  .filter((file) => !isGenerated(file))
  .flatMap((file) =>
    file.text
      .split('\n')
      .flatMap((line) =>
        line.length > LIMITS.columns && (isComment(line) || !hasLongText(line))
          ? [{ where: file.path, comment: isComment(line), text: line }]
          : [],
      ),
  );

/** Import graph: the files that each file imports, used to find import cycles. */
const imports = new Map(
  production.map((file) => [
    file.path,
    [...file.text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)].map(([, target]) =>
      join(dirname(file.path), target),
    ),
  ]),
);
const reach = (from) => {
  const seen = new Set();
  for (const work = [from]; work.length > 0;)
    for (const next of imports.get(work.pop()) ?? [])
      if (imports.has(next) && !seen.has(next)) {
        seen.add(next);
        work.push(next);
      }
  return seen;
};
const circular = [...imports.keys()].filter((path) => reach(path).has(path));

/** Callback functions among the options of a stage, through which it could call another stage. */
const callbacks = production.flatMap((file) => {
  const stage = /^server\/src\/([^/]+)\/index\.ts$/.exec(file.path)?.[1];
  const isPipeline = ['pipeline', 'drawing'].some((old) => file.path === `server/src/${old}.ts`);
  if (!STAGES.includes(stage) && !isPipeline) return [];
  const found = [];
  parse(file).forEachChild((node) => {
    if (!ts.isInterfaceDeclaration(node) || !/Options$/.test(node.name.text)) return;
    for (const member of node.members) {
      const isCall =
        ts.isMethodSignature(member) ||
        (ts.isPropertySignature(member) &&
          member.type !== undefined &&
          ts.isFunctionTypeNode(member.type));
      if (isCall && !CALLABLE.test(member.name.getText()))
        found.push({ where: `${file.path} ${node.name.text}.${member.name.getText()}` });
    }
  });
  return found;
});

/**
 * Occurrences of banned words. Files of `web/` are excluded, because "draw" is the right word
 * there.
 */
const words = production
  .filter(({ path }) => !path.startsWith('web/'))
  .flatMap((file) =>
    [...BANNED_WORDS].flatMap(([word, instead]) => {
      const count = [...file.text.matchAll(new RegExp(`\\b${word}`, 'g'))].length;
      return count === 0 ? [] : [{ where: `${file.path} ${word}`, count, instead }];
    }),
  );

const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|\/\/ .*/g, '');
/**
 * Names of the test files. They show which logic files (files with more than five branches or
 * loops) have no test of the same name.
 */
const tests = new Set(
  files
    .filter(({ path }) => path.endsWith('.test.ts'))
    .map(({ path }) => basename(path).split('.')[0]),
);
const subjectOf = (path) =>
  /\/index\.ts$/.test(path) ? basename(dirname(path)) : basename(path).split('.')[0];
const logic = production.filter(
  (file) =>
    file.path.endsWith('.ts') &&
    (withoutComments(codeOf(file)).match(/\b(if|for|while|switch|case)\b|\?\s/g) ?? []).length > 5,
);
const untested = logic.filter(({ path }) => !tests.has(subjectOf(path)));

const total = production.reduce((sum, file) => sum + codeOf(file).split('\n').length, 0);
const long = functions.filter(({ lines }) => lines > 150);
const measures = [
  ['functions above 150 lines', long.length],
  ['factories that own more than 6 variables', functions.filter((one) => one.variables > 6).length],
  [
    'code inside functions above 150 lines',
    `${((long.reduce((sum, { lines }) => sum + lines, 0) / total) * 100).toFixed(1)} %`,
  ],
  ['files above 350 lines', production.filter((file) => linesOf(file) > 350).length],
  ['files in circles', circular.length],
  ['callbacks into another stage among options', callbacks.length],
  ['comment lines beyond 100 columns', longLines.filter(({ comment }) => comment).length],
  ['code lines beyond 100 columns', longLines.filter(({ comment }) => !comment).length],
  ['logic files without a test of their name', `${untested.length} of ${logic.length}`],
  ['functions above 60 lines, factories above 120', functions.filter(isLong).length],
];
function isLong({ lines, factory }) {
  return lines > (factory ? LIMITS.factory : LIMITS.function);
}

const beyond = [
  ...functions.filter(isLong).map(({ where, lines }) => ['function', where, lines]),
  ...functions
    .filter(({ variables }) => variables > LIMITS.variables)
    .map(({ where, variables }) => ['variables', where, variables]),
  ...production
    .filter((file) => linesOf(file) > LIMITS.file)
    .map((file) => ['file', file.path, linesOf(file)]),
  ...[...new Set(longLines.map(({ where }) => where))].map((where) => [
    'columns',
    where,
    longLines.filter((line) => line.where === where).length,
  ]),
  ...circular.map((path) => ['circle', path, 1]),
  ...callbacks.map(({ where }) => ['callback', where, 1]),
  ...words.map(({ where, count }) => ['word', where, count]),
];

for (const [name, value] of measures) console.log(`${String(value).padStart(10)}  ${name}`);
if (args.includes('--list')) for (const line of beyond) console.log(line.join('\t'));
if (args.includes('--untested')) for (const { path } of untested) console.log(path);
if (args.includes('--check')) {
  const left = new Map(EXCEPTIONS.map(({ rule, where, value }) => [`${rule} ${where}`, value]));
  const faults = [];
  for (const [rule, where, value] of beyond) {
    const allowed = left.get(`${rule} ${where}`);
    left.delete(`${rule} ${where}`);
    if (allowed === undefined) faults.push(`${rule}: ${where} is beyond the limit (${value})`);
    else if (value > allowed)
      faults.push(`${rule}: ${where} has grown from ${allowed} to ${value}`);
    else if (value < allowed)
      faults.push(
        `${rule}: ${where} has shrunk to ${value}; say so in scripts/measures-exceptions.js`,
      );
  }
  for (const gone of left.keys())
    faults.push(
      `${gone} needs no exception any more; delete it from scripts/measures-exceptions.js`,
    );
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}
