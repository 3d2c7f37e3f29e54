import type { Problem } from '../contract/index.ts';

/** A client of a server's API, which also knows the address of its dashboard. */
export interface Client {
  /** Address of the dashboard, without a slash at its end. */
  readonly url: string;
  /**
   * Reads one answer. Throws an `AskError` if the server does not answer or answers with an error.
   */
  get: <T>(path: string, parameters?: Parameters) => Promise<T>;
  /** Requests an answer that is read piece by piece. Throws like `get`. */
  open: (path: string, parameters?: Parameters) => Promise<Response>;
}

export type Parameters = Readonly<Record<string, string | number | undefined>>;

/**
 * Thrown if a question could not be answered. `hint` tells the person what to do; '' if nothing
 * helps.
 */
export class AskError extends Error {
  readonly status: number;
  readonly hint: string;
  /** Ids of the flows with the requested name, if several flows have it. */
  readonly choices: readonly string[];

  constructor(status: number, message: string, hint: string, choices: readonly string[] = []) {
    super(message);
    this.name = 'AskError';
    this.status = status;
    this.hint = hint;
    this.choices = choices;
  }
}

/**
 * Time limit of an answer, ms. It is long, because heavy questions wait for each other on the
 * server.
 */
const TIMEOUT_MS = 60_000;
/**
 * Time limit of an answer that is read piece by piece, ms. A file of 100,000 flows takes minutes.
 */
const STREAM_MS = 3_600_000;

/**
 * Creates a client of the server at `address`. `dashboard` is the address at which people open the
 * dashboard, if it is another one.
 */
export function createClient(
  address: string,
  { dashboard = address, timeoutMs = TIMEOUT_MS } = {},
): Client {
  const url = baseOf(address);
  const ask = async (path: string, parameters: Parameters, limitMs: number): Promise<Response> => {
    const answer = await fetchFrom(`${url}${path}${queryOf(parameters)}`, url, limitMs);
    if (answer.ok) return answer;
    const body: unknown = await answer.json().catch(() => null);
    throw errorOf(answer.status, body as Partial<Problem> | null, url);
  };
  return {
    url: baseOf(dashboard),
    async get<T>(path: string, parameters: Parameters = {}) {
      const answer = await ask(path, parameters, timeoutMs);
      const body: unknown = await answer.json().catch(() => null);
      if (body === null) throw errorOf(answer.status, null, url);
      return body as T;
    },
    open: (path, parameters = {}) => ask(path, parameters, STREAM_MS),
  };
}

/**
 * Returns parameters as a query string that begins with `?`. Parameters without a value are left
 * out.
 */
export function queryOf(parameters: Parameters): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined && value !== '') query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function baseOf(address: string): string {
  const full = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(full))
    throw new AskError(0, `"${address}" is no address`, 'Give one like http://127.0.0.1:4320.');
  return new URL(full).href.replace(/\/+$/, '');
}

async function fetchFrom(address: string, url: string, timeoutMs: number): Promise<Response> {
  try {
    return await fetch(address, {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    if ((error as Error).name === 'TimeoutError')
      throw new AskError(0, `no answer within ${timeoutMs / 1000} s`, 'Ask for a shorter time.');
    throw new AskError(
      0,
      `no Fermata answers at ${url}`,
      'Start one with `fermata`, or name another with --url or FERMATA_URL.',
    );
  }
}

function errorOf(status: number, problem: Partial<Problem> | null, url: string): AskError {
  if (problem?.detail === undefined)
    return new AskError(status, `${url} answered ${status}, not as a Fermata does`, 'Check --url.');
  return new AskError(status, problem.detail, problem.hint ?? '', problem.choices ?? []);
}
