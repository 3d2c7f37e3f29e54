import { lookup } from 'node:dns/promises';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import { FermataError } from '../../base/errors.ts';
import { isPrivate } from './addresses.ts';
import type { Answer } from './answer.ts';
import { sendMail, type Mail } from './mail.ts';

/**
 * Sends all notifications, and is the only code that opens outgoing connections. It resolves a host
 * name once and connects only to the address that it checked, which prevents DNS rebinding. It
 * refuses private addresses unless the operator allows them, never follows redirects, and reads at
 * most 64 KiB of a response.
 */
export interface Guard {
  post(url: string, headers: Record<string, string>, body: string): Promise<Answer>;
  /**
   * Sends a mail under the same restrictions as `post`. `url` is the address of the SMTP server.
   */
  mail(url: string, mail: Omit<Mail, 'server' | 'address'>): Promise<Answer>;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER = 64 * 1024;

interface Resolved {
  address: string;
  family: number;
}

/** Access to the network. Tests replace it by a simulation. */
export interface Network {
  lookup(host: string): Promise<readonly Resolved[]>;
  /**
   * Returns a connection for the request. Node creates the connection if this function is absent.
   */
  connect?: (options: RequestOptions) => Duplex;
}
const INTERNET: Network = { lookup: (host) => lookup(host, { all: true }) };

/**
 * Creates the guard. `allowed` are hosts and addresses to which it may connect although they are
 * private.
 */
export function createGuard(clock: Clock, allowed: readonly string[], network = INTERNET): Guard {
  const resolve = async (host: string): Promise<Resolved> => {
    const plain = host.replace(/^\[|\]$/g, '');
    const found = isIP(plain)
      ? [{ address: plain, family: isIP(plain) }]
      : await network.lookup(plain);
    const open = found.find(
      ({ address }) => allowed.includes(plain) || allowed.includes(address) || !isPrivate(address),
    );
    if (open) return open;
    throw new FermataError(
      'alert.refused',
      found[0] === undefined || found[0].address === plain
        ? `${host} is a private address`
        : `${host} is ${found[0].address}, a private address`,
      {
        hint: `If that is meant, add ${host} to FERMATA_ALERT_ALLOW.`,
      },
    );
  };

  return {
    async mail(target, mail) {
      const server = new URL(target);
      const { address } = await resolve(server.hostname);
      return sendMail({ ...mail, server, address });
    },
    async post(target, headers, body) {
      const url = new URL(target);
      if (url.protocol !== 'https:' && url.protocol !== 'http:')
        throw new FermataError('alert.refused', `${url.protocol} is not http`, {
          hint: 'Use an http(s) URL.',
        });
      const { address, family } = await resolve(url.hostname);
      const aborter = new AbortController();
      const cancel = clock.after(TIMEOUT_MS, () =>
        aborter.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)),
      );
      try {
        return await new Promise<Answer>((done, fail) => {
          const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
          const request = send(
            url,
            {
              method: 'POST',
              headers: { ...headers, 'content-length': Buffer.byteLength(body) },
              ...(network.connect ? { createConnection: network.connect } : { agent: false }),
              signal: aborter.signal,
              lookup: (_host, options, answer) => {
                if (options.all) answer(null, [{ address, family }]);
                else answer(null, address, family);
              },
            },
            (response) => {
              const answer = {
                status: response.statusCode ?? 0,
                retryAfterMs: retryAfter(response.headers['retry-after'], clock.now()),
              };
              let read = 0;
              const finish = (): void => {
                done(answer);
                response.destroy();
              };
              // Only the status of the response is needed, so stop reading a body that is too long.
              response.on('data', (chunk: Buffer) => {
                read += chunk.length;
                if (read > MAX_ANSWER) finish();
              });
              response.on('end', finish);
              response.on('error', fail);
            },
          );
          request.on('error', (error) =>
            fail(aborter.signal.aborted ? (aborter.signal.reason as Error) : error),
          );
          request.end(body);
        });
      } finally {
        cancel();
      }
    },
  };
}

function retryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
