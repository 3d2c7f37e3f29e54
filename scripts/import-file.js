import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/**
 * Sends a file to the import of a server, and goes on where it was when the server or this process
 * ended: how far the server has committed it is kept beside other temporary files, by the file, its
 * size and time, and where it goes. Formats that can only be read from their beginning are sent
 * again from there, which makes nothing twice.
 *
 * `onProgress` is told `{ bytes, total, records, skipped }`, and `onWait` why it waits.
 *
 * @returns the report of the server, with the bytes and records of all attempts
 */
export async function importFile({ file, url, query = {}, onProgress, onWait, tries = 120 }) {
  const { size, mtimeMs } = statSync(file);
  const target = new URL('/api/v1/import', url);
  for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
  const place = join(tmpdir(), `fermata-import-${hashOf([resolve(file), size, mtimeMs, target])}`);
  const state = readState(place);
  for (let left = tries; ; left--) {
    const from = state;
    const progress = (line) => {
      if (line.committedBytes !== null) {
        state.bytes = from.start + line.committedBytes;
        state.records = from.before + line.records;
        writeFileSync(place, JSON.stringify({ bytes: state.bytes, records: state.records }));
      }
      onProgress?.({
        ...{ bytes: Math.min(size, from.start + line.bytes), total: size },
        ...{ records: from.before + line.records, skipped: line.skipped },
      });
    };
    [from.start, from.before] = [state.bytes, state.records];
    const answer = await attempt(file, from.start, size, target, progress);
    if (answer.report) {
      const { report } = answer;
      if (report.done) rmSync(place, { force: true });
      return { ...report, bytes: from.start + report.bytes, records: from.before + report.records };
    }
    if (left === 0) throw new Error(`the import did not end: ${answer.problem}`);
    onWait?.(answer.problem);
    await new Promise((done) => setTimeout(done, 1000));
  }
}

const hashOf = (parts) => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 24);

function readState(place) {
  try {
    const { bytes, records } = JSON.parse(readFileSync(place, 'utf8'));
    return { bytes: Number(bytes) || 0, records: Number(records) || 0 };
  } catch {
    return { bytes: 0, records: 0 };
  }
}

/** Sends the file once. Resolves with the server's report, or with what went wrong on the way. */
function attempt(file, start, size, target, onLine) {
  return new Promise((resolve) => {
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const body = createReadStream(file, { start, highWaterMark: 1 << 18 });
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': Math.max(0, size - start),
    };
    const fail = (problem) => {
      body.destroy();
      resolve({ problem });
    };
    const request = send(target, { method: 'POST', headers }, (response) => {
      let text = '';
      let last = null;
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
        const lines = text.split('\n');
        text = lines.pop();
        for (const line of lines.filter((one) => one !== '')) onLine((last = JSON.parse(line)));
      });
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        body.destroy();
        if (last !== null && 'done' in last) resolve(endOf(last));
        else if (response.statusCode === 429 || response.statusCode === 503)
          fail('the server is busy');
        else if (text.startsWith('{')) resolve({ report: refusalOf(JSON.parse(text)) });
        else fail(`the server answered ${response.statusCode}`);
      });
    });
    request.on('error', (error) => fail(error.message || error.code));
    body.on('error', (error) => request.destroy(error));
    body.pipe(request);
  });
}

/** An import that ended because the server stops goes on with the next server. */
const endOf = (report) =>
  report.error?.code === 'intake.stopping' || report.error?.code === 'intake.full'
    ? { problem: report.error.detail }
    : { report };

const refusalOf = ({ code, detail, hint, title }) => ({
  ...{ done: false, bytes: 0, committedBytes: null, records: 0, skipped: 0, reasons: [] },
  error: { code: code ?? title, detail, hint },
});
