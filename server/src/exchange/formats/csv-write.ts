import type { Flow } from '../../model/flow.ts';
import { msBetween } from '../../model/time.ts';
import type { FlowSource } from '../format.ts';
import { writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';

/** Columns of an exported table: one row a step. `csv-read.ts` reads the same names. */
const COLUMNS = [
  ...['flow', 'type', 'environment', 'keys', 'step', 'service', 'start', 'end', 'duration ms'],
  ...['status', 'attempts', 'error', 'id', 'caused by', 'outcome'],
];

export async function* writeCsv(source: FlowSource): AsyncIterable<string> {
  yield `${row(COLUMNS)}`;
  for await (const flow of source.flows()) yield rowsOf(flow);
}

function rowsOf(flow: Flow): string {
  const { type, environment, outcome } = flow;
  const keys = flow.keys.map(([name, value]) => `${name}=${value.replaceAll(';', ',')}`).join('; ');
  // The last row ends the flow, so that it has ended as well when the table is read again.
  const last = flow.steps.length - 1;
  return flow.steps
    .map((step, i) =>
      row([
        ...[caseOf(flow), type, environment, keys, step.name, step.service],
        ...[writeInstant(step.start), step.end === null ? '' : writeInstant(step.end)],
        step.end === null ? '' : String(msBetween(step.start, endOf(step) as typeof step.start)),
        ...[step.status, String(step.attempts.length), errorText(step), step.id],
        ...[step.causedBy.join(' '), i === last ? (outcome ?? '') : ''],
      ]),
    )
    .join('');
}

/**
 * Writes a row as RFC 4180 says. A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection), and so does one that
 * begins with apostrophes before such a character: then the apostrophe can be taken away again.
 */
const row = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`;
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
const FORMULA = /^'*[=+\-@\t\r]/;

/** Returns the text of a cell as it was before `cell` made it harmless. */
export const fromCell = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
