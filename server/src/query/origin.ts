import type { IncomingMessage } from 'node:http';

/**
 * Names under which the dashboard's port may be used. A page on the internet can make a browser
 * send requests to 127.0.0.1 (DNS rebinding, cross-site WebSocket). Therefore `hostAllowed`
 * requires that the Host header is a name of this server, and that an Origin header, if there is
 * one, has the same host. It is used for REST requests and for WebSocket upgrades.
 */
export interface HostRule {
  /** Address on which the port listens. Names of the loopback address are allowed in any case. */
  host: string;
  allowedHosts: readonly string[];
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export function hostAllowed(request: IncomingMessage, rule: HostRule): boolean {
  const host = nameOf(request.headers.host ?? '');
  if (host === null || !isKnown(host, rule)) return false;
  const { origin } = request.headers;
  if (origin === undefined) return true;
  try {
    const { host: from } = new URL(origin);
    return from === request.headers.host;
  } catch {
    return false;
  }
}

function isKnown(name: string, rule: HostRule): boolean {
  return (
    LOOPBACK.includes(name) ||
    name === rule.host ||
    name === `[${rule.host}]` ||
    rule.allowedHosts.includes(name)
  );
}

/**
 * Returns the name of a Host header (`name` or `name:port`) in lower case; null if the header is
 * malformed.
 */
function nameOf(host: string): string | null {
  const match = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?$/i.exec(host);
  return match ? match[1]!.toLowerCase() : null;
}
