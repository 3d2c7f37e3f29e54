import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

/**
 * Generates the constants of `semconv.ts` and the attribute table of the package's README from the
 * registry in `instrumentation/semconv/` (YAML of OpenTelemetry Weaver). `npm run semconv` writes
 * them; with `--check` it only compares.
 */
const root = new URL('../instrumentation/', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const { groups } = parse(read('semconv/attributes.yaml'));
const { groups: events } = parse(read('semconv/events.yaml'));
const { headers } = parse(read('semconv/wire.headers.yaml'));

const constant = (prefix, name) =>
  `${prefix}_${name
    .replace(/^fermata[.-]/, '')
    .replace(/[.-]/g, '_')
    .toUpperCase()}`;
/** Returns the text as a doc comment, wrapped at 100 columns. */
const comment = (text) => {
  if (!text) return '';
  if (text.length <= 93) return `/** ${text} */\n`;
  const lines = [''];
  for (const word of text.split(' '))
    if (`${lines.at(-1)} ${word}`.length > 97) lines.push(word);
    else lines[lines.length - 1] += lines.at(-1) === '' ? word : ` ${word}`;
  return `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`;
};
const membersOf = (id) =>
  groups.flatMap((group) => group.attributes).find((attribute) => attribute.id === id).type.members;
const listOf = (name, id) =>
  `export const ${name} = [${membersOf(id)
    .map((member) => `'${member.value}'`)
    .join(', ')}] as const;`;

const source = `/**
 * This is the vocabulary: every attribute, event and header name that Fermata defines. It has no
 * imports and holds constants only. The server reads these names from here; nothing else in the
 * project spells them (invariant I5).
 *
 * Generated from \`instrumentation/semconv/\` by \`npm run semconv\`. The namespace is
 * \`fermata.\`, because OpenTelemetry owns \`process.*\`, \`messaging.*\` and \`event.*\`, and
 * \`workflow.*\` is contested (https://opentelemetry.io/docs/specs/semconv/general/naming/).
 */
${groups
  .map(
    (group) =>
      `\n// ${group.brief}\n${group.attributes
        .map(({ id, type, brief, note }) =>
          type === 'template[string]'
            ? `${comment(note ?? brief)}export const ${constant('ATTR', id)}_PREFIX = '${id}.';`
            : `${comment(note ?? brief)}export const ${constant('ATTR', id)} = '${id}';`,
        )
        .join('\n')}`,
  )
  .join('\n')}

// Names of log events (LogRecord.eventName). A log event is exported while a step still hangs, a
// span only after it has ended.
${events.map(({ name, brief, note }) => `${comment(note ?? brief)}export const ${constant('EVENT', name)} = '${name}';`).join('\n')}

// Message headers, sent besides W3C trace context and baggage.
${headers.map(({ name, brief }) => `${comment(brief)}export const ${constant('HEADER', name)} = '${name}';`).join('\n')}
/**
 * Baggage keys equal the attribute names, so that OpenTelemetry's baggage span processor adds the
 * right attributes in services without this package.
 */
export const BAGGAGE_KEYS = [ATTR_FLOW_ID, ATTR_FLOW_TYPE, ATTR_FLOW_VERSION] as const;

// CloudEvents extensions that are read and written (cloudevents/spec: correlation.md, bam.md).
export const CE_CORRELATION_ID = 'correlationid';
export const CE_CAUSATION_ID = 'causationid';
/**
 * Extensions for business activity monitoring: its transaction id is the flow id, its process id is
 * the flow type.
 */
export const CE_FLOW_ID = 'bamtxid';
export const CE_FLOW_TYPE = 'bampid';

${listOf('MESSAGE_KINDS', 'fermata.message.kind')}
${listOf('OUTCOMES', 'fermata.flow.outcome')}
${listOf('FLOW_SOURCES', 'fermata.flow.source')}
`;

const row = (name, text) => `| \`${name}\` | ${text} |`;
const table = [
  '| name | |',
  '|---|---|',
  ...groups.flatMap(({ attributes }) =>
    attributes.map(({ id, type, brief }) =>
      row(type === 'template[string]' ? `${id}.<name>` : id, brief),
    ),
  ),
  ...events.map(({ name, brief }) => row(name, `log event: ${brief}`)),
  ...headers.map(({ name, brief }) => row(name, `header: ${brief}`)),
].join('\n');

const MARK = /(<!-- semconv -->\n)[\s\S]*?(\n<!-- \/semconv -->)/;
const wanted = new Map([
  ['src/semconv.ts', source],
  [
    'README.md',
    read('README.md').replace(MARK, (_, before, after) => `${before}\n${table}\n${after}`),
  ],
]);
let stale = false;
for (const [path, text] of wanted) {
  const url = new URL(path, root);
  const pretty = await format(text, { ...(await resolveConfig(url)), filepath: url.pathname });
  if (pretty === read(path)) continue;
  stale = true;
  if (process.argv.includes('--check'))
    process.stderr.write(`${path} is not what the registry says. → npm run semconv\n`);
  else writeFileSync(url, pretty);
}
if (stale && process.argv.includes('--check')) process.exit(1);
