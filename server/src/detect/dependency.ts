import type { Flow, Step } from '../model/flow.ts';
import type { SpanError } from '../model/span.ts';

/**
 * Returns the name of the dependency that a failed step could not reach: the host, destination or
 * service that the step's error names, or else the service that the step called last. Returns null
 * if the error is not about reaching a dependency, or no name is found, because equal words
 * ("timeout") in two services are no common cause. Flow types that share nothing else share one
 * incident by this name, so the name must not vary with the flow: a name with an order's number in
 * it would open an incident for each order.
 */
export function dependencyOf(flow: Flow, step: Step, error: SpanError): string | null {
  const text = `${error.type} ${error.message}`;
  if (!UNREACHABLE.test(text)) return null;
  return (
    hostIn(error.message, step) ??
    destinationIn(error.message) ??
    neighbourIn(text, flow, step) ??
    calleeOf(flow, step)
  );
}

/**
 * Matches errors of a dependency that could not be reached or could not answer, as opposed to
 * errors that the dependency returned about a request.
 */
const UNREACHABLE = new RegExp(
  [
    /\bE(CONN\w+|NOTFOUND|AI_AGAIN|TIMEDOUT|SOCKETTIMEDOUT|HOSTUNREACH|NETUNREACH|PIPE)\b/,
    /\b(dis)?connect(ed|ing|ions?|or)?\b|ConnectException|ConnectionError|ConnectTimeout/,
    /\bunreachable|\bunavailable|UNAVAILABLE|\brefused|\breset by peer|\bhang ?up|\bbroken pipe|\boffline\b/,
    /time-?d? ?-?out|timeout|deadline.?exceeded|max retries/,
    /no such host|unknown ?host|name or service not known|name resolution|getaddrinfo|\blookup\b|\bdial\b/,
    /\b(cannot|can't|could not|unable to|failed to) (reach|resolve|talk|publish|send|produce)/,
    /\b(not|never|no longer) (responding|answer(ing|ed)?|reachable)|\b(did|does) not (respond|answer)/,
    /\bis (down|gone|dead|read-?only|overloaded)\b|\b(READONLY|LOADING|CLUSTERDOWN|MASTERDOWN)\b/,
    /\b(status|code|http|responded|answered|returned)\D{0,12}(5\d\d|429)\b|\b5\d\d (internal|bad gateway|service|gateway)/,
    /too many (connections|clients)|\bpool\b.*\bexhausted/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/**
 * Pattern of a host without its port: a name as in DNS, an IPv4 address, or an IPv6 address in
 * brackets.
 */
const NAME = String.raw`\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*`;
const PORT = String.raw`:(\d{2,5})(?![\d:.]*\w)`;
/**
 * Patterns by which errors name the host that could not be reached, most reliable first. The
 * patterns skip the address of the side that reports the error (`10.0.0.3:44444->`).
 */
const PLACES: readonly RegExp[] = [
  new RegExp(String.raw`(?<![\w+])[a-z][a-z0-9+]*://(?:[^\s/@]*@)?(${NAME})(?::(\d{1,5}))?`, 'gi'),
  new RegExp(
    String.raw`\b(?:lookup|ENOTFOUND|EAI_AGAIN|UnknownHost(?:Exception)?:?|resolve(?: host)?:?) "?(${NAME})`,
    'gi',
  ),
  new RegExp(String.raw`->(${NAME})${PORT}`, 'gi'),
  new RegExp(String.raw`\bhost\W{1,3}(${NAME})'?,? port\W{1,3}(\d{2,5})`, 'gi'),
  // Java resolves a host name and prints both name and address: redis-1/10.0.0.5:6379,
  // redis-1/<unresolved>:6379.
  new RegExp(String.raw`(?<![\w.-])(${NAME})/(?:<unresolved>|[\d.]*)${PORT}`, 'gi'),
  new RegExp(String.raw`(?<![\w.@/:-])(${NAME})${PORT}(?!->)`, 'gi'),
  new RegExp(
    String.raw`\b(?:to|from|at|on|of|with|by|via|reach|host|server|node|broker|upstream|instance|E[A-Z]{4,}) ['"]?(${NAME})(?![\w@:/-])`,
    'gi',
  ),
  new RegExp(
    String.raw`(?:^|[:;] )['"]?(${NAME})['"]?(?:: | )(?:is |has |was |did |does )?(?:not|never|down|gone|dead|offline|un(?:available|reachable)|read-?only|tim(?:ed|e)|connection|refused|no such|name or)`,
    'gi',
  ),
];

function hostIn(message: string, { service }: Step): string | null {
  for (const place of PLACES)
    for (const found of message.matchAll(place)) {
      const host = hostOf(found[1]!, found[2], service);
      if (host !== null) return host;
    }
  return null;
}

const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$/;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\])$/;
const FILE =
  /\.(m?[jt]sx?|cjs|py|go|java|kt|rb|rs|php|cs|cpp|ex|scala|html?|json|ya?ml|xml|log|txt|csv|pdf)$/;
const PACKAGE = /^(com|org|net|io|java|javax|jdk|kotlin|scala|reactor|sun)\.[a-z]/;
/**
 * Matches names with an id, which vary with the flow. An id has three digits or more, or is long
 * and hexadecimal. The ordinal of a host has only one or two digits.
 */
const ID = /(^|[-_.])(\d{3,}|[0-9a-f]*\d[0-9a-f]{7,})($|[-_.])/;
const CLUSTER = /\.svc(\.[a-z0-9.-]+)?$/;

/**
 * Returns the dependency that a host stands for; null if the text is no host, or contains an id. A
 * host name is one dependency on any port, so the port is left out. An address keeps its port,
 * because one address may serve many dependencies.
 */
function hostOf(written: string, port: string | undefined, service: string): string | null {
  const host = written.toLowerCase();
  const isAddress = ADDRESS.test(host);
  const full = port === undefined ? host : `${host}:${port}`;
  // Each service has its own loopback address, so the name of the service is added.
  if (LOOPBACK.test(host)) return port === undefined ? null : `${full} of ${service}`;
  if (isAddress) return full;
  if (!/[a-z]/.test(host) || FILE.test(host) || ID.test(host)) return null;
  // Without a port, a class name is no host, and neither is a word without hyphen, final number or
  // domain.
  if (/[A-Z]/.test(written) && port === undefined) return null;
  if (
    port === undefined &&
    (PACKAGE.test(host) || !/[a-z0-9]-[a-z0-9]|[a-z]\d{1,2}$|\.[a-z]{2,}$/.test(host))
  )
    return null;
  return CLUSTER.test(host) ? host.split('.')[0]! : host;
}

const DESTINATION = /\b(topic|queue|exchange|stream|subject)s?\W{1,3}([a-z][\w.-]*\w)/i;
function destinationIn(message: string): string | null {
  const [, kind, name] = DESTINATION.exec(message) ?? [];
  return kind === undefined || name === undefined || ID.test(name)
    ? null
    : `${kind.toLowerCase()} ${name}`;
}

const MIN_LETTERS = 3;
/**
 * Returns the name of another service of this flow, or of a destination that the step sends to, if
 * the error mentions that name; null if the error mentions no such name.
 */
function neighbourIn(text: string, flow: Flow, step: Step): string | null {
  const names = [
    ...flow.services.filter((service) => service !== step.service),
    ...flow.hops.filter((hop) => hop.from === step.id).map((hop) => hop.message.destination),
  ];
  const words = ` ${text} `.replaceAll(/[^\w.-]+/g, ' ').replaceAll(/[.-]+ /g, ' ');
  return names.find((name) => name.length >= MIN_LETTERS && words.includes(` ${name} `)) ?? null;
}

/**
 * Returns the service that the step called last, for an error that names no dependency; null if the
 * step called no other service.
 */
function calleeOf(flow: Flow, step: Step): string | null {
  const calls = flow.hops.filter((hop) => hop.sync && hop.from === step.id && hop.to !== null);
  if (calls.length === 0) return null;
  const last = calls.reduce((a, b) => (b.sent > a.sent ? b : a));
  const callee = flow.steps.find(({ id }) => id === last.to)?.service;
  return callee === undefined || callee === step.service ? null : callee;
}
