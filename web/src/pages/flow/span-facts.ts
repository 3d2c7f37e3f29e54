import type { RawSpan } from '@fermata/server/contract';

/**
 * Returns facts about a span that are not in its attributes, such as its library and what was
 * dropped, as rows of a table.
 */
export function spanFacts(span: RawSpan): [label: string, text: string][] {
  const { scope, flags, traceState, cut, sameId = [] } = span;
  const rows: [string, string | undefined][] = [
    ['Library', [scope.name, scope.version].filter(Boolean).join(' ')],
    ['Library attributes', scope.attributes && JSON.stringify(scope.attributes)],
    ['Schema', [scope.schemaUrl, span.resourceSchemaUrl].filter(Boolean).join(', ')],
    ['Flags', flags === undefined ? undefined : flagsText(flags)],
    ['Trace state', traceState],
    ['Left out', leftOut(span)],
    ['Cut', cut === undefined ? undefined : `${counted(cut, 'part')} beyond Fermata's limits`],
    ['Same id', sameId.map(({ name, service }) => `${service} ${name}`).join(', ')],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
}

/**
 * Describes the flags of a span (W3C and OTLP): 1 means sampled, 256 that it is known whether the
 * parent is remote, 512 that it is.
 */
function flagsText(flags: number): string {
  const parent =
    (flags & 256) === 0 ? '' : (flags & 512) === 0 ? ', local parent' : ', remote parent';
  return `${(flags & 1) === 0 ? 'not sampled' : 'sampled'}${parent}`;
}

const leftOut = (span: RawSpan): string =>
  [
    counted(span.droppedAttributesCount, 'attribute'),
    counted(span.droppedEventsCount, 'event'),
    counted(span.droppedLinksCount, 'link'),
    counted(span.resourceDroppedAttributesCount, 'resource attribute'),
  ]
    .filter((one) => one !== '')
    .join(', ');

const counted = (count: number | undefined, word: string): string =>
  count === undefined ? '' : `${count.toLocaleString()} ${word}${count === 1 ? '' : 's'}`;
