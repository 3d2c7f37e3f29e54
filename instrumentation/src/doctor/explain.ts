import type { Endpoint } from './endpoint.ts';
import type { Outcome } from './send.ts';

/** The meaning of a receiver's answer, and advice for the user. */
export interface Explanation {
  found: string;
  todo: string;
}

/** Programs that usually listen at well-known ports. They explain an answer that is not OTLP. */
const KNOWN_PORTS: Readonly<Record<string, string>> = {
  1883: 'MQTT',
  3306: 'MySQL',
  4222: 'NATS',
  4317: 'OTLP/gRPC',
  4318: 'OTLP/HTTP',
  5432: 'PostgreSQL',
  5672: 'RabbitMQ',
  6379: 'Redis',
  9092: 'Kafka',
  27017: 'MongoDB',
};
const START =
  'Start Fermata, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it listens (it prints the address at its start).';

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');

/** Returns a URL as text without user name, password and query. */
export const shownAs = ({ origin, pathname }: URL): string => `${origin}${pathname}`;

/** Explains why the receiver did not accept a request; undefined if it did. */
export function explain(endpoint: Endpoint, outcome: Outcome): Explanation | undefined {
  if (outcome.kind === 'failed') return explainFailure(endpoint, outcome);
  const { status, grpcStatus } = outcome;
  const { url, protocol } = endpoint;
  if (protocol === 'grpc') {
    if (grpcStatus === 0) return undefined;
    const said = `gRPC status ${grpcStatus ?? 'missing'}${outcome.body && `: ${outcome.body}`}`;
    return {
      found: `${url.origin} answered ${grpcStatus === undefined ? `HTTP ${status}, ` : ''}${said}`,
      todo:
        grpcStatus === 16 || grpcStatus === 7
          ? 'It wants a key: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…'
          : 'This is no OTLP/gRPC receiver that takes spans; Fermata prints the address of its own at its start.',
    };
  }
  const isHtml = /text\/html/.test(outcome.headers['content-type'] ?? '');
  if (status === 200 && !isHtml) return undefined;
  return explainStatus(endpoint, status, outcome.body);
}

function explainStatus({ url, variable }: Endpoint, status: number, body: string): Explanation {
  const found = `${shownAs(url)} answered ${status}${firstLine(body)}`;
  if (status === 401 || status === 403)
    return { found, todo: 'It wants a key: OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20…' };
  if (url.pathname.endsWith('/v1/traces/v1/traces'))
    return {
      found,
      todo: `/v1/traces is appended to ${variable} by the exporter: ${variable}=${shownAs(url).replace('/v1/traces/v1/traces', '')}`,
    };
  if (variable === 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT' && !url.pathname.endsWith('/v1/traces'))
    return {
      found,
      todo: `${variable} is taken as it is: ${variable}=${shownAs(url).replace(/\/$/, '')}/v1/traces`,
    };
  if (status === 429 || status >= 502)
    return { found, todo: 'It is busy, or a proxy does not reach it. Try again; see its log.' };
  if (status === 400 && /https/i.test(body))
    return { found, todo: 'Use https:// in the endpoint.' };
  return {
    found,
    todo: 'No OTLP/HTTP receiver is at this address. Fermata prints that of its own at its start.',
  };
}

const firstLine = (body: string): string => {
  const line = body
    .trim()
    .split('\n', 1)[0]!
    .replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, 120);
  return line === '' || line.startsWith('<') ? '' : ` (${line})`;
};

function explainFailure(
  { url, protocol, variable }: Endpoint,
  { code, message }: { code: string; message: string },
): Explanation {
  const port = portOf(url);
  const place = variable === '' ? `${url.origin} (the default)` : url.origin;
  const otherwise = KNOWN_PORTS[port];
  const isGrpc = protocol === 'grpc';
  if (/ECONNREFUSED/.test(code + message))
    return { found: `nothing listens at ${place}`, todo: START };
  if (/ENOTFOUND|EAI_AGAIN/.test(code))
    return { found: `the name ${url.hostname} is not known here`, todo: START };
  if (/ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/.test(code))
    return {
      found: `${place}: ${message}`,
      todo: 'A firewall may be between, or the wrong program listens there.',
    };
  if (/WRONG_VERSION_NUMBER|EPROTO|PACKET_LENGTH|wrong version number/.test(code + message))
    return {
      found: `${place} does not speak TLS`,
      todo: `Use http:// in ${variable || 'the endpoint'}, unless another port has TLS.`,
    };
  if (/CERT|SIGNATURE|SELF_SIGNED|ALTNAME/.test(code))
    return {
      found: `the certificate of ${place} is not trusted: ${message}`,
      todo: 'OTEL_EXPORTER_OTLP_CERTIFICATE names the file of the authority that signed it.',
    };
  const isOtherProtocol = isGrpc ? port === '4318' : port === '4317';
  if (otherwise !== undefined && !otherwise.startsWith('OTLP'))
    return {
      found: `${place} does not speak OTLP: port ${port} is that of ${otherwise}`,
      todo: START,
    };
  if (isGrpc)
    return {
      found: `${place} does not speak gRPC (${message})`,
      todo: `4317 speaks grpc${isOtherProtocol ? ', 4318 http/protobuf' : ''}: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or the other port`,
    };
  return {
    found: `${place} does not answer as HTTP (${message})`,
    todo:
      isOtherProtocol || /HPE_|Parse Error/.test(code + message)
        ? '4318 speaks http/protobuf, 4317 speaks grpc: the port or OTEL_EXPORTER_OTLP_PROTOCOL is the other one; or it wants https://'
        : START,
  };
}
