import type { Flow, Step } from '../../model/flow.ts';
import type { FlowSource } from '../format.ts';
import { writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';
import { xml } from './xml-text.ts';

const EXTENSIONS = [
  ['Concept', 'concept'],
  ['Organizational', 'org'],
  ['Time', 'time'],
  ['Lifecycle', 'lifecycle'],
] as const;

/**
 * Writes XES (IEEE 1849): a trace for each flow, and an event for each step at the time of its end.
 */
export async function* writeXes(source: FlowSource): AsyncIterable<string> {
  yield (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
  );
  for (const [name, prefix] of EXTENSIONS) {
    const uri = `http://www.xes-standard.org/${prefix}.xesext`;
    yield `<extension name="${name}" prefix="${prefix}" uri="${uri}"/>\n`;
  }
  yield '<classifier name="Step" keys="concept:name"/>\n';
  yield attribute('string', 'source', 'fermata');
  for await (const flow of source.flows()) yield traceOf(flow);
  yield '</log>\n';
}

type Kind = 'string' | 'date' | 'int';
const attribute = (kind: Kind, key: string, value: string): string =>
  `<${kind} key="${xml(key)}" value="${xml(value)}"/>\n`;
const textIf = (key: string, value: string): string =>
  value === '' ? '' : attribute('string', key, value);

const traceOf = (flow: Flow): string =>
  [
    '<trace>\n',
    attribute('string', 'concept:name', caseOf(flow)),
    textIf('type', flow.type),
    textIf('environment', flow.environment),
    textIf('status', flow.status),
    textIf('outcome', flow.outcome ?? ''),
    ...flow.keys.map(([name, value]) => textIf(`key.${name}`, value)),
    ...flow.steps.map(eventOf),
    '</trace>\n',
  ].join('');

const eventOf = (step: Step): string =>
  [
    '<event>\n',
    attribute('string', 'concept:name', step.name),
    textIf('org:resource', step.service),
    // A running step is written as an event of its start.
    attribute('string', 'lifecycle:transition', step.end === null ? 'start' : 'complete'),
    step.end === null ? '' : attribute('date', 'start_timestamp', writeInstant(step.start)),
    attribute('date', 'time:timestamp', writeInstant(endOf(step))),
    attribute('string', 'status', step.status),
    attribute('int', 'attempts', String(step.attempts.length)),
    textIf('error', errorText(step)),
    attribute('string', 'id', step.id),
    textIf('caused by', step.causedBy.join(' ')),
    '</event>\n',
  ].join('');
