import type { ImportReport, Problem } from '@fermata/server/contract';
import { ApiError } from './api.ts';

/** A file to import, and the chosen parameters of `/api/v1/import`. */
export interface Import {
  file: File;
  parameters: Record<string, string>;
}

/**
 * Uploads a file, and calls `onSent` with the share of it that has been sent so far. The server
 * reads no faster than it can store. Rejects with an `ApiError` if the whole file was refused.
 */
export function importFile(
  { file, parameters }: Import,
  onSent: (share: number) => void,
): Promise<ImportReport> {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ''));
  // `XMLHttpRequest` is used, because `fetch` does not report the progress of an upload.
  const request = new XMLHttpRequest();
  request.open('POST', `/api/v1/import?${query}`);
  request.setRequestHeader('content-type', 'application/octet-stream');
  request.upload.onprogress = ({ loaded, total }) => onSent(total === 0 ? 1 : loaded / total);
  return new Promise((resolve, reject) => {
    request.onload = () => {
      const answer = lastLine(request.responseText);
      if (answer !== null && 'done' in answer) resolve(answer);
      else reject(new ApiError(answer ?? problem('The server gave no report.')));
    };
    request.onerror = () =>
      reject(new ApiError(problem('The connection ended before the import.')));
    request.send(file);
  });
}

const problem = (detail: string): Problem => ({
  ...{ type: 'about:blank', title: 'offline', status: 0, code: 'offline', detail },
  hint: 'What was committed stays; import the file again, and nothing is there twice.',
});

/** Parses the last line of a response; null if it is not JSON. */
export function lastLine(text: string): ImportReport | Problem | null {
  try {
    return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as ImportReport | Problem;
  } catch {
    return null;
  }
}
