import type { IncomingMessage } from 'node:http';

/**
 * Decides which browser requests may use the dashboard's port. A page on the internet can make a
 * browser send requests to 127.0.0.1 (DNS rebinding, cross-site WebSocket): the Host must be a name
 * of this server, and an Origin, where there is one, must be the same host. Applies to REST and to
 * the socket's upgrade alike.
 */
export interface HostRule {
  /** Address that the port is bound to; loopback names are always allowed. */
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

/** Returns the name in `name:port`. */
function nameOf(host: string): string | null {
  const match = /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?$/i.exec(host);
  return match ? match[1]!.toLowerCase() : null;
}
