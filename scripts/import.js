#!/usr/bin/env node
// Runs npm run import -- FILE [--url URL] [--format NAME] …: sends a file to a server, with a bar.
import { parseArgs } from 'node:util';
import { importFile } from './import-file.js';

const HELP = `Usage: npm run import -- FILE [options]

  --url URL            the dashboard's address; default http://127.0.0.1:4320
  --format NAME        format of the file; without it, it is guessed
  --environment NAME   where the flows go; default: imported
  --type NAME          type of the flows, where the file names none
  --case NAME          OCEL: type of the objects that are flows
  --columns MAP        CSV: flow:Order No,step:Task,end:Done at
  --teach              its flows teach and alert, like those that are received
`;
const text = { type: 'string' };

function argumentsOf() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        ...{ url: text, format: text, environment: text, type: text, case: text, columns: text },
        teach: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Draws a bar on a terminal, and a line every ten seconds elsewhere. */
function createBar(startedAt = Date.now()) {
  let saidAt = startedAt;
  const isTerminal = process.stderr.isTTY === true;
  return ({ bytes, total, records, skipped }) => {
    const share = total === 0 ? 1 : bytes / total;
    const seconds = Math.max(0.1, (Date.now() - startedAt) / 1000);
    const bar = '█'.repeat(Math.floor(share * 30)).padEnd(30, '░');
    const left = share > 0.01 ? Math.round((seconds / share) * (1 - share)) : null;
    const parts = [
      `${bar} ${Math.floor(share * 100)} %`,
      `${megabytes(bytes)} of ${megabytes(total)}`,
      `${records.toLocaleString('en')} records`,
      ...(skipped > 0 ? [`${skipped} left out`] : []),
      ...(left === null ? [] : [`${left} s left`]),
    ];
    if (isTerminal) process.stderr.write(`\r\x1b[2K${parts.join('  ')}`);
    else if (Date.now() - saidAt >= 10_000) {
      saidAt = Date.now();
      process.stderr.write(`${parts.join('  ')}\n`);
    }
  };
}

function tell({ done, format, environment, records, skipped, reasons, error }) {
  if (process.stderr.isTTY) process.stderr.write('\n');
  process.stdout.write(`${records.toLocaleString('en')} records`);
  if (environment) process.stdout.write(` of ${format} in environment ${environment}`);
  process.stdout.write(skipped > 0 ? `, ${skipped} left out:\n` : '\n');
  for (const { why, what, count } of reasons)
    process.stdout.write(`  ${count} × ${why} (${what})\n`);
  if (error)
    process.stderr.write(
      `${error.code}: ${error.detail}\n${error.hint ? `  → ${error.hint}\n` : ''}`,
    );
  process.exitCode = done ? 0 : 1;
}

const { values, positionals } = argumentsOf();
const [file] = positionals;
if (values.help || file === undefined) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 2;
} else {
  const { url = 'http://127.0.0.1:4320', teach, help: _help, ...query } = values;
  try {
    tell(
      await importFile({
        ...{ file, url, query: { ...query, ...(teach && { teach: '1' }) } },
        onProgress: createBar(),
        onWait: (problem) => process.stderr.write(`\n${problem}; trying again\n`),
      }),
    );
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
