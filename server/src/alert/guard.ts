import { lookup } from 'node:dns/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';
import { sendMail, type Mail } from './mail.ts';

/**
 * The one way out: every notification goes through here. The name is resolved once and the connection pinned to what was
 * checked (no rebinding), private ranges are refused unless the operator allows them, redirects are never followed, and
 * of the answer 64 KiB are read.
 */
export interface Guard {
  post(url: string, headers: Record<string, string>, body: string): Promise<Answer>;
  /** The same for mail: `url` is the SMTP server's. */
  mail(url: string, mail: Omit<Mail, 'server' | 'address'>): Promise<Answer>;
}

export interface Answer {
  status: number;
  /** `Retry-After` as ms from now, or null. */
  retryAfterMs: number | null;
}

const PRIVATE: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  // IPv4 in IPv6's clothes: nobody's webhook, but a way around the lines above.
  ['::ffff:0:0', 96, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];
const TIMEOUT_MS = 10_000;
const MOST_ANSWER = 64 * 1024;

/** `allowed`: hosts or addresses that may be private all the same. */
export function createGuard(clock: Clock, allowed: readonly string[]): Guard {
  const blocked = new BlockList();
  for (const [net, prefix, family] of PRIVATE) blocked.addSubnet(net, prefix, family);

  const resolve = async (host: string): Promise<{ address: string; family: number }> => {
    const plain = host.replace(/^\[|\]$/g, '');
    const found = isIP(plain)
      ? [{ address: plain, family: isIP(plain) }]
      : await lookup(plain, { all: true });
    const open = found.find(
      ({ address, family }) =>
        allowed.includes(plain) ||
        allowed.includes(address) ||
        !blocked.check(address, family === 6 ? 'ipv6' : 'ipv4'),
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
              agent: false,
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
              // The status decides; a body that never ends is cut.
              response.on('data', (chunk: Buffer) => {
                read += chunk.length;
                if (read > MOST_ANSWER) finish();
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
