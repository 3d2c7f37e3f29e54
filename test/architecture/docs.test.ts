import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ERRORS, readConfig, SETTINGS } from '@fermata/server';
import { ABSENCES, parseQuery } from '@fermata/server/lab';
import * as semconv from '@fermata/instrumentation/semconv';
import { describe, expect, test } from 'vitest';
import { filesIn, isTestCode } from './imports.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const packageFile = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Markdown files of the repository, from folders that contain documents only. */
const DOCUMENTS = ['', 'docs', 'docs/adr', 'instrumentation', '.github'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => (folder === '' ? file : `${folder}/${file}`)),
);
const TEXTS = new Map(DOCUMENTS.map((path) => [path, read(path)]));
const operations = TEXTS.get('docs/operations.md')!;
const packageReadme = TEXTS.get('instrumentation/README.md')!;
const sources = filesIn(join(root, 'server/src')).filter(({ path }) => !isTestCode(path));

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;
const blocksOf = (text: string, language: string): string[] =>
  [...text.matchAll(FENCE)].flatMap(([, name, body]) => (name === language ? [body!] : []));
const unfenced = (text: string): string => text.replace(FENCE, '');
const sectionOf = (text: string, heading: string): string => {
  const [, body] =
    new RegExp(`^## ${heading}$([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, 'm').exec(text) ?? [];
  if (body === undefined) throw new Error(`there is no section "${heading}"`);
  return body;
};
/** Returns the first cell of each table row whose first cell is a code span. */
const rowsOf = (text: string): string[] =>
  [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name!);
const all = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, name]) => name!)),
];
/** Returns the anchors that GitHub makes for the headings of a text. */
const anchorsOf = (text: string): Set<string> =>
  new Set(
    all(unfenced(text), /^#{1,6} (.+)$/gm).map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

describe.each(DOCUMENTS)('%s', (path) => {
  const text = TEXTS.get(path)!;

  test('names paths that exist', () => {
    const named = [
      ...all(text, /(?<![\w/.@-])((?:server|web|instrumentation|test|scripts|docs)\/[\w./-]*\w)/g),
      ...all(unfenced(text), /`([\w./-]+\.(?:ts|js|sql|svelte))`/g),
    ].map((one) => one.replace(/\/dist\/(.+)\.js$/, '/src/$1.ts'));
    const from = (one: string): boolean =>
      existsSync(join(root, one)) || existsSync(join(root, dirname(path), one));
    expect(named.filter((one) => !from(one))).toEqual([]);
  });

  test('has links that lead somewhere', () => {
    const broken = all(unfenced(text), /\]\(([^)\s]+)\)/g).filter((link) => {
      if (/^https?:/.test(link)) return false;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('has lines of at most 100 columns', () => {
    // Table rows and URLs of links are not counted, because they cannot be wrapped.
    const columns = (line: string): number =>
      line.startsWith('|') ? 0 : line.replace(/\]\([^)]+\)|https?:\/\/\S+/g, ']').length;
    expect(text.split('\n').filter((line) => columns(line) > 100)).toEqual([]);
  });

  test('names scripts and settings that exist', () => {
    const scripts = all(text, /\bnpm run ([\w:-]+)/g);
    expect(scripts.filter((name) => !(name in packageFile.scripts))).toEqual([]);
    const settings = Object.values(SETTINGS).map((setting) => setting.name);
    const named = all(text, /\b(FERMATA_[A-Z_]+)\b/g);
    expect(named.filter((name) => ![...settings, ...NOT_SETTINGS].includes(name))).toEqual([]);
  });
});
/** Environment variables that the launcher, the demo or the tests read, but not the server. */
const NOT_SETTINGS = [
  'FERMATA_URL',
  'FERMATA_LOG',
  'FERMATA_CONFIG',
  'FERMATA_DEMO_BROKER',
  'FERMATA_DEMO_RATE',
  'FERMATA_KAFKA',
  'FERMATA_REQUIRE_BROKERS',
  'FERMATA_REQUIRE_BROWSER',
  'FERMATA_REQUIRE_COMPOSE',
  'FERMATA_REQUIRE_NEXT',
  'FERMATA_REQUIRE_SCHEMATHESIS',
];

test('there are documents, and paths and links in them', () => {
  expect(DOCUMENTS.length).toBeGreaterThan(40);
  const texts = [...TEXTS.values()].join('\n');
  expect(all(texts, /(server\/src\/[\w./-]+\.ts)/g).length).toBeGreaterThan(60);
  expect(all(texts, /\]\(([^)\s]*#[^)\s]+)\)/g).length).toBeGreaterThan(15);
});

test('the README is one page, and its two commands are those of package.json', () => {
  const readme = TEXTS.get('README.md')!;
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(120);
  const commands = blocksOf(sectionOf(readme, 'Two commands'), 'sh').join('').trim().split('\n');
  expect(commands).toHaveLength(2);
  for (const command of commands)
    for (const [, name] of command.matchAll(/\bnpm (?:run )?(?!ci\b)([\w:-]+)/g))
      expect(packageFile.scripts, command).toHaveProperty(name!);
});

test('every setting stands in its table with its default, and nothing else does', () => {
  const table = sectionOf(operations, 'Settings');
  for (const { name, default: value } of Object.values(SETTINGS))
    expect(table).toContain(`| \`${name}\` | ${value === '' ? ' ' : `\`${value}\` `}|`);
  expect(rowsOf(table).sort()).toEqual(
    Object.values(SETTINGS)
      .map(({ name }) => name)
      .sort(),
  );
});

test('the error catalogue is complete, both ways', () => {
  expect(rowsOf(sectionOf(operations, 'Errors')).sort()).toEqual(Object.keys(ERRORS).sort());
});

/** Names in the server's code that look like names of metrics but are not. */
const NOT_METRICS: readonly string[] = [];

test('every metric is explained, and every one that is named exists', () => {
  const inCode = all(sources.map((file) => file.text).join('\n'), /\b(fermata_[a-z_]+[a-z])\b/g);
  const metrics = inCode.filter((name) => !NOT_METRICS.includes(name)).sort();
  expect(metrics.length).toBeGreaterThan(40);
  const table = sectionOf(operations, 'Metrics');
  expect(rowsOf(table).sort()).toEqual(metrics);
  for (const row of table.split('\n').filter((line) => line.startsWith('| `')))
    expect(row).toMatch(/^\| `\w+` \| \S.* \| .*\|$/);
  const named = all([...TEXTS.values()].join('\n'), /\b(fermata_[a-z_]+[a-z])\b/g);
  expect(named.filter((name) => !metrics.includes(name))).toEqual([]);
});

test('every condition is explained, both ways', () => {
  const ids = sources
    .filter(({ path }) => path.startsWith('health/') || path === 'wiring.ts')
    .flatMap(({ text }) => all(text, /\bid: '([a-z-]+)'/g));
  expect(ids.length).toBeGreaterThan(8);
  expect(rowsOf(sectionOf(operations, 'Is it well\\?')).sort()).toEqual(ids.sort());
});

test('every rule is explained, both ways', () => {
  const named = sources
    .filter(({ path }) => path.startsWith('detect/rules/'))
    .flatMap(({ text }) => all(text, /\bname: '([a-z-]+)'/g));
  const table = sectionOf(TEXTS.get('docs/alerts.md')!, 'Rules');
  expect(rowsOf(table).sort()).toEqual([...named, ...ABSENCES].sort());
});

test('every route is listed, both ways', () => {
  const routes = sources
    .filter(({ path }) => /^query\/routes\/[a-z]+\.ts$/.test(path))
    .flatMap(({ text }) => all(text, /\bpath: ['`](\/[^'`]+)['`]/g))
    .flatMap((path) =>
      path.includes('${verb}')
        ? ['ack', 'resolve', 'note'].map((verb) => path.replace('${verb}', verb))
        : [path],
    );
  const listed = all(TEXTS.get('docs/api.md')!, /^\| (?:GET|POST) \| `([^`]+)` \|/gm);
  expect(listed.sort()).toEqual([...new Set(routes)].sort());
});

describe('the query language', () => {
  const text = TEXTS.get('docs/query-language.md')!;
  const examples = blocksOf(text, 'query').flatMap((block) => block.trim().split('\n'));

  test.each(examples)('%s', (query) => {
    expect(parseQuery(query, 0)).not.toBeNull();
  });

  test('has an example of every field, and a row', () => {
    const known = all(messageOf('nothing-like-it:1'), /\b([a-z]+)\b(?=,|$)/g);
    const rows = rowsOf(
      sectionOf(text, 'Fields with text') + sectionOf(text, 'Fields with numbers'),
    );
    expect([...rows, 'since', 'before', 'trait'].sort()).toEqual(known.sort());
    const used = examples.flatMap((query) => all(query, /(?:^|[\s(-])([a-z]+)[:<>=]/g));
    expect(known.filter((field) => !used.includes(field))).toEqual([]);
  });

  test('has the errors that there are', () => {
    const rows = [...sectionOf(text, 'Errors').matchAll(/^\| `([^`]+)` \| (column .+) \|$/gm)];
    expect(rows.length).toBeGreaterThan(3);
    for (const [, query, says] of rows)
      expect(messageOf(query!)).toContain(says!.replace(/…$/, ''));
  });
});
function messageOf(query: string): string {
  try {
    parseQuery(query, 0);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

test.each([
  ['docs/definitions.md', 'FERMATA_DEFINITIONS', 1],
  ['docs/alerts.md', 'FERMATA_ALERTS', 2],
])('the examples of %s are read', (path, setting, count) => {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-docs-'));
  try {
    const examples = blocksOf(TEXTS.get(path)!, 'yaml');
    expect(examples).toHaveLength(count);
    for (const example of examples) {
      writeFileSync(join(folder, 'example.yaml'), example);
      readConfig({ OPS_SECRET: 'a secret', [setting]: join(folder, 'example.yaml') });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('sections of documents that hints name are there', () => {
  const named = sources.flatMap(({ text }) => [
    ...[...text.matchAll(/"([^"\n]+)" in (README\.md|docs\/[\w.-]+\.md)/g)].map(
      ([, heading, path]) => [path!, heading!],
    ),
    ...[...text.matchAll(/(?<!-proto )(README\.md|docs\/[\w.-]+\.md), "([^"\n]+?)\.?"/g)].map(
      ([, path, heading]) => [path!, heading!],
    ),
  ]);
  expect(named.length).toBeGreaterThan(0);
  for (const [path, heading] of named) sectionOf(TEXTS.get(path!)!, heading!);
  expect(sources.filter(({ text }) => / in the README\b|the README, "/.test(text))).toEqual([]);
});

test('decisions are numbered without a gap, and listed by their titles', () => {
  const files = DOCUMENTS.filter((path) => /^docs\/adr\/\d/.test(path)).sort();
  const list = TEXTS.get('docs/adr/README.md')!;
  const rows = files.map((path, i) => {
    const [, title] = new RegExp(`^# ${i + 1}\\. (.+)$`, 'm').exec(TEXTS.get(path)!) ?? [];
    const name = path.split('/').at(-1)!;
    return `| [${String(i + 1).padStart(4, '0')}](${name}) | ${title} |`;
  });
  expect(list.match(/^\| \[\d.*$/gm)).toEqual(rows);
  for (const path of files)
    for (const part of [
      'Status: ',
      '## Context',
      '## Options',
      '## Decision',
      '## Measurements',
      '## Conse',
    ])
      if (!EARLIER.includes(path)) expect(TEXTS.get(path), path).toContain(part);
});
/** Decision records that need not have these sections, because they are older than the rule. */
const EARLIER = ['docs/adr/0002-messages-are-judged-one-by-one.md'];

test('workflows pin what they run, and the published package has the licence', () => {
  const workflows = readdirSync(join(root, '.github/workflows')).map((file) =>
    read(`.github/workflows/${file}`),
  );
  const used = all(workflows.join('\n'), /\buses: (\S+)/g);
  expect(used.length).toBeGreaterThan(1);
  expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  expect(read('LICENSE')).toContain('Apache License');
  expect(read('instrumentation/LICENSE')).toBe(read('LICENSE'));
});

test('the attribute table of the package names every constant, and only those', () => {
  const names = Object.entries(semconv)
    .filter(([key]) => /^(ATTR|EVENT|HEADER)_/.test(key))
    .map(([, value]) => value as string);
  expect(names.filter((name) => !packageReadme.includes(`\`${name}`))).toEqual([]);
  const documented = [...packageReadme.matchAll(/^\| `(fermata[a-z._-]+?)(?:<name>)?` +\|/gm)].map(
    ([, name]) => name!,
  );
  expect(documented.length).toBeGreaterThan(30);
  expect(documented.filter((name) => !names.includes(name))).toEqual([]);
});

test('the schemas of the API are those of the contract', () => {
  const check = [`${root}scripts/contract.js`, '--check'];
  const { status, stderr } = spawnSync(process.execPath, check, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});

test('constants and the attribute table are what the registry says', () => {
  const { status, stderr } = spawnSync(process.execPath, [`${root}scripts/semconv.js`, '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
