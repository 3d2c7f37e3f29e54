import type { Flow } from '../../model/flow.ts';
import { msBetween } from '../../model/time.ts';
import type { FlowSource } from '../format.ts';
import { writeInstant } from '../instants.ts';
import { caseOf, endOf, errorText } from '../names.ts';

/** Columns of an exported table, which has one row per step. `csv-read.ts` reads the same names. */
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
  // The last row has the outcome of the flow, so that the flow has ended when the table is
  // imported.
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
 * Formats a row according to RFC 4180. A cell that a spreadsheet would take for a formula gets an
 * apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection). So does a cell with
 * apostrophes before such a formula, so that one apostrophe can always be removed again.
 */
const row = (cells: readonly string[]): string => `${cells.map(cell).join(',')}\r\n`;
function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
const FORMULA = /^'*[=+\-@\t\r]/;

/** Returns the text of a cell without the apostrophe that `cell` may have put in front. */
export const fromCell = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text;
