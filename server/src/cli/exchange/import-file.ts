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
  /** Address of the server to which the file is sent. */
  url: string;
  parameters: Parameters;
  onProgress: (progress: FileProgress) => void;
  /** Called with the reason whenever the import has to wait for the server. */
  onWait: (problem: string) => void;
  /**
   * Number of times that sending is tried again, once a second, if the server cannot be reached.
   */
  tries?: number;
}

/**
 * How much of the file the server has committed. It is saved in a file, so that another run can
 * resume the import.
 */
interface Place {
  bytes: number;
  records: number;
}

type Attempt = { report: ImportReport } | { problem: string };

/**
 * Sends a file to a server for import. If the server or this process ends, the import is resumed at
 * the position up to which the server has committed the file. The position is saved in a temporary
 * file whose name is made from the file's path, size and time, and from the target. Formats that
 * can only be read from the beginning are sent again as a whole, which creates nothing twice.
 * Returns the server's report, with the bytes and records of all attempts.
 */
export async function importFile(options: ImportOptions): Promise<ImportReport> {
  const { file, url, parameters, onProgress, onWait, tries = 120 } = options;
  // Problems of the file itself are reported at once, without further attempts.
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

/**
 * Returns a temporary folder that belongs to this user alone, because other users could otherwise
 * replace a file in it by a link.
 */
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

/**
 * Sends the file once, from `start` on. Resolves to the server's report, or to the problem that
 * occurred.
 */
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
    // If the import ended because the server stops or is full, it is resumed later.
    const isOver = code !== 'intake.stopping' && code !== 'intake.full';
    return isOver ? { report: last } : { problem: detail ?? '' };
  }
  if (status === 429 || status === 503) return { problem: 'the server is busy' };
  const problem = parsed<Problem>(rest);
  if (problem !== null) return { report: refusalOf(problem) };
  return { problem: `the server answered ${status}` };
}

/** Parses a text as JSON. Returns null if it is not JSON, such as an error page of a proxy. */
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
