import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  fstatSync,
  writeFileSync,
} from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve as absolutePath } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { queryOf, type Parameters } from '../../ask/index.ts';
import type { ImportProgress, ImportReport, Problem } from '../../contract/index.ts';

export interface FileProgress {
  bytes: number;
  total: number;
  records: number;
  skipped: number;
}

export interface ImportOptions {
  file: string;
  /** Address of the server. */
  url: string;
  parameters: Parameters;
  onProgress: (progress: FileProgress) => void;
  /** Told why the import waits for the server. */
  onWait: (problem: string) => void;
  /** Times that a server that is gone is tried again, once a second. */
  tries?: number;
}

/** How far the server has committed the file, which is kept between two runs. */
interface Place {
  bytes: number;
  records: number;
}

type Attempt = { report: ImportReport } | { problem: string };

/**
 * Sends a file to the import of a server, and goes on where it was when the server or this process
 * ended: how far the server has committed it is kept beside other temporary files, by the file, its
 * size and time, and where it goes. Formats that can only be read from their beginning are sent
 * again from there, which makes nothing twice. Returns the report of the server, with the bytes and
 * records of all attempts.
 */
export async function importFile(options: ImportOptions): Promise<ImportReport> {
  const { file, url, parameters, onProgress, onWait, tries = 120 } = options;
  // What is wrong with the file itself is told at once, and not tried again.
  const descriptor = openSync(file, 'r');
  const found = fstatSync(descriptor);
  closeSync(descriptor);
  if (!found.isFile()) throw new Error(`${file} is no file`);
  const { size, mtimeMs } = found;
  const target = new URL(`${url}/api/v1/import${queryOf(parameters)}`);
  const kept = join(
    ownFolder(),
    `fermata-import-${hashOf([absolutePath(file), String(size), String(mtimeMs), target.href])}`,
  );
  const place = readPlace(kept);
  for (let left = tries; ; left--) {
    const from = { ...place };
    const progress = (line: ImportProgress): void => {
      if (line.committedBytes !== null) {
        place.bytes = from.bytes + line.committedBytes;
        place.records = from.records + line.records;
        writeFileSync(kept, JSON.stringify(place));
      }
      onProgress({
        ...{ bytes: Math.min(size, from.bytes + line.bytes), total: size },
        ...{ records: from.records + line.records, skipped: line.skipped },
      });
    };
    const answer = await attempt(file, from.bytes, size, target, progress);
    if ('report' in answer) {
      const { report } = answer;
      if (report.done) rmSync(kept, { force: true });
      return {
        ...report,
        ...{ bytes: from.bytes + report.bytes, records: from.records + report.records },
      };
    }
    if (left === 0) throw new Error(`the import did not end: ${answer.problem}`);
    onWait(answer.problem);
    await pause(1000);
  }
}

/** Returns a folder of this person alone: others could put a link in the place of a file. */
function ownFolder(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `fermata-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid))
    throw new Error(`${folder} is not yours`);
  return folder;
}

const hashOf = (parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 24);

function readPlace(path: string): Place {
  try {
    const { bytes, records } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Place>;
    return { bytes: Number(bytes) || 0, records: Number(records) || 0 };
  } catch {
    return { bytes: 0, records: 0 };
  }
}

/** Sends the file once. Resolves with the server's report, or with what went wrong on the way. */
function attempt(
  file: string,
  start: number,
  size: number,
  target: URL,
  onLine: (line: ImportProgress) => void,
): Promise<Attempt> {
  return new Promise((resolve) => {
    const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
    const body = createReadStream(file, { start, highWaterMark: 1 << 18 });
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': Math.max(0, size - start),
    };
    const fail = (problem: string): void => {
      body.destroy();
      resolve({ problem });
    };
    const request = send(target, { method: 'POST', headers }, (response) => {
      let text = '';
      let last: ImportProgress | ImportReport | null = null;
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        const lines = (text + part).split('\n');
        text = lines.pop() ?? '';
        for (const line of lines) {
          const read = parsed<ImportProgress>(line);
          if (read !== null) onLine((last = read));
        }
      });
      response.on('error', (error) => fail(error.message));
      response.on('end', () => {
        body.destroy();
        resolve(endOf(last, text, response.statusCode ?? 0));
      });
    });
    request.on('error', (error) => fail(error.message || String(error)));
    body.on('error', (error) => request.destroy(error));
    body.pipe(request);
  });
}

function endOf(last: ImportProgress | ImportReport | null, rest: string, status: number): Attempt {
  if (last !== null && 'done' in last) {
    const { code, detail } = last.error ?? {};
    // An import that ended because the server stops goes on with the next server.
    const isOver = code !== 'intake.stopping' && code !== 'intake.full';
    return isOver ? { report: last } : { problem: detail ?? '' };
  }
  if (status === 429 || status === 503) return { problem: 'the server is busy' };
  const problem = parsed<Problem>(rest);
  if (problem !== null) return { report: refusalOf(problem) };
  return { problem: `the server answered ${status}` };
}

/** Returns what the text says as JSON; null if it says nothing, as the page of a proxy does. */
function parsed<T>(text: string): T | null {
  try {
    return JSON.parse(text) as T | null;
  } catch {
    return null;
  }
}

const refusalOf = ({ code, detail, hint }: Problem): ImportReport => ({
  ...{ done: false, bytes: 0, committedBytes: null, records: 0, skipped: 0, reasons: [] },
  ...{ format: '', environment: '', ms: 0 },
  error: { code, detail, ...(hint !== undefined && { hint }) },
});
