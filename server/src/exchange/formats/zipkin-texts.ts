import { ATTR_IMPORTED } from '@fermata/instrumentation/semconv';
import { LIMITS } from '../../model/otlp.ts';
import type { ForeignLink } from '../foreign.ts';

/**
 * What OpenTelemetry writes into texts of Zipkin's spans, because Zipkin has no place of its own
 * for it: the Collector's exporter writes links and the attributes of events so, SDKs the latter.
 */

/**
 * Names of tags that say where a span came from, and not what it did: those that exports write of
 * resources. A prefix does not tell, because `process.exit_code` is of a span.
 */
const OF_RESOURCE: ReadonlySet<string> = new Set([
  ...['service.version', 'service.namespace', 'service.instance.id'],
  ...['deployment.environment', 'deployment.environment.name'],
  ...['host.name', 'host.id', 'host.type', 'host.arch', 'os.type', 'os.version', 'os.description'],
  ...['process.pid', 'process.owner', 'process.command', 'process.command_args'],
  ...['process.executable.name', 'process.executable.path'],
  ...['process.runtime.name', 'process.runtime.version', 'process.runtime.description'],
  ...['container.id', 'container.name', 'container.image.name', 'container.image.tag'],
  ...['k8s.cluster.name', 'k8s.namespace.name', 'k8s.node.name', 'k8s.container.name'],
  ...['k8s.pod.name', 'k8s.pod.uid', 'k8s.deployment.name'],
  ...['telemetry.sdk.name', 'telemetry.sdk.language', 'telemetry.sdk.version'],
  ATTR_IMPORTED,
]);
const LINK = /^otlp\.link\.\d{1,4}$/;
const ID = /^[0-9a-f]{16}(?:[0-9a-f]{16})?$/;

export const tagText = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value ?? null);

type Texts = [name: string, value: string][];

/** Returns links, and tags of the resource and of the span, each apart from the others. */
export function readTags(from: Readonly<Record<string, unknown>> = {}): {
  links: ForeignLink[];
  resource: Texts;
  tags: Texts;
} {
  const links: ForeignLink[] = [];
  const [resource, tags]: [Texts, Texts] = [[], []];
  for (const [name, value] of Object.entries(from)) {
    const text = tagText(value);
    const link = LINK.test(name) ? linkOf(text) : null;
    if (link !== null) links.push(link);
    else (OF_RESOURCE.has(name) ? resource : tags).push([name, text]);
  }
  return { links, resource, tags };
}

function linkOf(text: string): ForeignLink | null {
  const [trace = '', id = ''] = text.split('|', 2);
  return ID.test(trace) && ID.test(id) ? { trace, id } : null;
}

/** Longest annotation in which attributes are looked for. */
const MAX_READ = 8 * LIMITS.text;

/** Reads `name|{"key":"value"}|0`, or `"name": {"key":"value"}`; any other text is a name. */
export function readAnnotation(value: string): {
  name: string;
  attributes: Record<string, string>;
} {
  const isShort = typeof value === 'string' && value.length <= MAX_READ;
  const [at, end] = isShort ? [value.indexOf('|{'), value.lastIndexOf('}|')] : [-1, -1];
  if (at >= 0 && end > at) {
    const attributes = attributesOf(value.slice(at + 1, end + 1));
    if (attributes !== null) return { name: value.slice(0, at), attributes };
  }
  const colon = isShort && value.startsWith('"') ? value.indexOf('": {') : -1;
  const attributes = colon < 0 ? null : attributesOf(value.slice(colon + 3));
  return attributes === null
    ? { name: value, attributes: {} }
    : { name: value.slice(1, colon), attributes };
}

function attributesOf(json: string): Record<string, string> | null {
  try {
    const read = JSON.parse(json) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(read).map(([name, of]) => [
        name,
        typeof of === 'string' ? of : JSON.stringify(of),
      ]),
    );
  } catch {
    return null;
  }
}
