import type { ImportReport, Problem } from '@fermata/server/contract';
import { ApiError } from './api.ts';

/** What is imported: a file, and the parameters of `/api/v1/import` that were chosen. */
export interface Import {
  file: File;
  parameters: Record<string, string>;
}

/**
 * Sends a file to the server, and tells which share of it was sent: the server takes no more than
 * it can store. Rejects with an `ApiError` if the file was refused as a whole.
 */
export function importFile(
  { file, parameters }: Import,
  onSent: (share: number) => void,
): Promise<ImportReport> {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== ''));
  // Only this way of sending tells how much was sent.
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

/** Returns the last line of an answer; null if it is no JSON. */
export function lastLine(text: string): ImportReport | Problem | null {
  try {
    return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as ImportReport | Problem;
  } catch {
    return null;
  }
}
