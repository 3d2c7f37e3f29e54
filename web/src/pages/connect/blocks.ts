/**
 * This file makes the shell commands by which services send to this server. They can be pasted into
 * a shell without changes: values are quoted, and code is written into files.
 * test/architecture/pasted-lines.test.ts has bash parse all of them.
 */
export interface Block {
  title: string;
  lines: string;
  note?: string;
}
export interface Platform {
  id: string;
  name: string;
  blocks: Block[];
}

export interface Address {
  http: string;
  grpc: string;
}

/** Quotes any value for a POSIX shell. */
export const quoted = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Returns an address of the server as other machines can reach it. A server that listens on all
 * interfaces calls itself localhost; the browser's host name is used instead.
 */
export function reachedFrom(address: string, hostname: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !LOOPBACK.test(url.hostname) || LOOPBACK.test(hostname) || hostname === '')
    return address;
  url.hostname = hostname;
  return url.origin;
}

/** Returns whether an address works only on the server's own machine. */
export const isLocal = (address: string): boolean =>
  URL.canParse(address) && LOOPBACK.test(new URL(address).hostname);

/** Returns a shell command that writes a file. The shell expands nothing in the text. */
const file = (name: string, text: string): string => `cat > ${name} <<'END'\n${text.trim()}\nEND`;

const environment = (http: string): string =>
  [
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${quoted(http)}`,
    `export OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'`,
    `export OTEL_PROPAGATORS='tracecontext,baggage'`,
    `export OTEL_SERVICE_NAME='my-service'`,
  ].join('\n');

const node = ({ http }: Address): Block[] => [
  {
    title: 'Pack the instrumentation, in a clone of Fermata',
    lines: 'npm ci && npm pack --workspace instrumentation',
    note: 'The package is on no registry yet. Copy the file that this writes to your service.',
  },
  {
    title: 'Install it, in your service',
    lines: 'npm install ./fermata-instrumentation-0.1.0.tgz @opentelemetry/sdk-node',
  },
  {
    title: 'Start your service',
    lines: `${environment(http)}\nnode --import @fermata/instrumentation/register app.js`,
    note: 'By itself it traces requests, amqplib, Kafka, NATS, Redis Streams, BullMQ, MQTT, SQS and NestJS. A service of CommonJS, or one that ts-node runs, takes --require.',
  },
  { title: 'Nothing arrives?', lines: 'npx fermata-doctor' },
];

const python = ({ http }: Address): Block[] => [
  {
    title: 'Install OpenTelemetry',
    lines:
      'pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http\nopentelemetry-bootstrap -a install',
  },
  {
    title: 'Start your service',
    lines: `${environment(http)}\nopentelemetry-instrument python app.py`,
  },
];

const AGENT = 'opentelemetry-javaagent.jar';
const java = ({ http }: Address): Block[] => [
  {
    title: 'Get the OpenTelemetry agent',
    lines: `curl -fsSLO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/${AGENT}`,
  },
  {
    title: 'Start your service',
    lines: `${environment(http)}\njava -javaagent:./${AGENT} -jar app.jar`,
    note: 'It traces JMS, Kafka, RabbitMQ, Spring and others by itself.',
  },
];

const dotnet = ({ http }: Address): Block[] => [
  {
    title: 'Add OpenTelemetry, in your project',
    lines: 'dotnet add package OpenTelemetry.AutoInstrumentation',
  },
  {
    title: 'Start your service',
    lines: `${environment(http)}\ndotnet build -o out\nsh ./out/instrument.sh dotnet ./out/MyService.dll`,
    note: 'The build writes instrument.sh beside your program; put its name in place of MyService.',
  },
];

const GO = `
package main

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
)

// startTracing reads the OTEL_ variables. Call what it returns before the program ends.
func startTracing(ctx context.Context) (func(context.Context) error, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
		propagation.TraceContext{}, propagation.Baggage{}))
	return provider.Shutdown, nil
}
`;
const go = ({ http }: Address): Block[] => [
  {
    title: 'Add OpenTelemetry, in your module',
    lines:
      'go get go.opentelemetry.io/otel go.opentelemetry.io/otel/sdk go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp',
  },
  { title: 'Write a file that starts it, and call it in main', lines: file('tracing.go', GO) },
  { title: 'Start your service', lines: `${environment(http)}\ngo run .` },
];

const COLLECTOR = (http: string): string => `
receivers:
  otlp:
    protocols:
      http: { endpoint: '127.0.0.1:14318' }
      grpc: { endpoint: '127.0.0.1:14317' }
processors:
  batch: { timeout: 200ms }
exporters:
  otlphttp/fermata: { endpoint: '${http.replaceAll("'", "''")}' }
service:
  pipelines:
    traces: { receivers: [otlp], processors: [batch], exporters: [otlphttp/fermata] }
    logs: { receivers: [otlp], processors: [batch], exporters: [otlphttp/fermata] }
`;
const collector = ({ http }: Address): Block[] => [
  {
    title: 'Write a configuration and start the Collector',
    lines: `${file('fermata-collector.yaml', COLLECTOR(http))}\notelcol --config fermata-collector.yaml`,
    note: 'Services send to port 14318 (HTTP) or 14317 (gRPC). If you have a Collector, add the exporter to its pipelines. Logs carry the starts and ends of flows: send them, too.',
  },
];

const HEX = (bytes: number): string =>
  String.raw`$(od -An -N${bytes} -tx1 /dev/urandom | tr -d ' \n')`;
const curl = ({ http }: Address): Block[] => {
  const attribute = (key: string, value: string): string =>
    `{"key":"${key}","value":{"stringValue":"${value}"}}`;
  const span = (id: string, parent: string, name: string, kind: number, operation: string) =>
    `{"traceId":"$trace","spanId":"${id}",${parent}"name":"${name}","kind":${kind},` +
    `"startTimeUnixNano":"\${now}000000000","endTimeUnixNano":"\${now}100000000","attributes":[` +
    [
      attribute('fermata.flow.type', 'order'),
      attribute('fermata.flow.id', 'order-$now'),
      attribute('messaging.system', 'test'),
      attribute('messaging.destination.name', 'orders'),
      attribute('messaging.operation.type', operation),
    ].join(',') +
    ']}';
  const from = (service: string, one: string): string =>
    `{"resource":{"attributes":[${attribute('service.name', service)}]},"scopeSpans":[{"spans":[${one}]}]}`;
  return [
    {
      title: 'Send one order by hand',
      lines: [
        `trace=${HEX(16)}`,
        `sent=${HEX(8)}`,
        `taken=${HEX(8)}`,
        'now=$(date +%s)',
        `curl -sS -H 'content-type: application/json' --data-binary @- ${quoted(`${http}/v1/traces`)} <<END`,
        '{"resourceSpans":[',
        `${from('shop', span('$sent', '', 'send orders', 4, 'send'))},`,
        from('payment', span('$taken', '"parentSpanId":"$sent",', 'process orders', 5, 'process')),
        ']}',
        'END',
      ].join('\n'),
      note: 'Two services, one message: the check list lights up. The answer {} says that it was taken.',
    },
  ];
};

export const platformsOf = (address: Address): Platform[] => [
  { id: 'node', name: 'Node', blocks: node(address) },
  { id: 'java', name: 'Java', blocks: java(address) },
  { id: 'python', name: 'Python', blocks: python(address) },
  { id: 'dotnet', name: '.NET', blocks: dotnet(address) },
  { id: 'go', name: 'Go', blocks: go(address) },
  { id: 'collector', name: 'Collector', blocks: collector(address) },
  { id: 'curl', name: 'curl', blocks: curl(address) },
];

/** Name of the package in the install commands. The dashboard itself does not import it. */
const PACKAGE = '@fermata/instrumentation';
const FIRST_FLOW = `
import { completeFlow, handleMessage, publishEvent, startFlow } from '${PACKAGE}';

const message = { destination: 'orders', system: 'memory', type: 'OrderPlaced' };
const order = { id: \`order-\${Date.now()}\`, type: 'order', keys: { customer: 'Okafor' } };
// Where an order begins: its id, and what kind of process it is.
const headers = startFlow(order, () => publishEvent(message, (context) => context));
// Where its message is handled: the headers say which order it is.
await handleMessage({ ...message, headers, step: 'charge card' }, async () => completeFlow());
`;

/** Shell commands that show how to give flows a type and an id of the business. */
export const namingOf = (): Block[] => [
  {
    title: 'By an attribute that your spans have already',
    lines: "FERMATA_IDENTITY_KEYS='order.id' npm start",
    note: 'Set where Fermata starts. Spans of the same value are one flow, those of different values never.',
  },
  {
    title: 'By a call where a flow begins, in Node',
    lines: `${file('first-flow.mjs', FIRST_FLOW)}\nnode --import @fermata/instrumentation/register first-flow.mjs`,
    note: 'A flow of two steps to try. In other languages set fermata.flow.id and fermata.flow.type on the span.',
  },
];

/** The command that starts the demo. It is only shown, because a browser cannot start a program. */
export const DEMO: Block = {
  title: 'See a demo first',
  lines: 'npm start -- --demo',
  note: 'A shop with orders, in a clone of Fermata; stop this server first.',
};
