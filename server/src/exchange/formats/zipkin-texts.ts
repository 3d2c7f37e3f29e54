import { ATTR_IMPORTED } from '@fermata/instrumentation/semconv';
import { LIMITS } from '../../model/otlp.ts';
import type { ForeignLink } from '../foreign.ts';

/**
 * What OpenTelemetry writes into texts of Zipkin's spans, because Zipkin has no place of its own
 * for it: the Collector's exporter writes links and the attributes of events so, SDKs the latter.
 */

/**
 * Names of tags that say where a span came from, and not what it did. Exports write all attributes
 * of a resource as tags; these are the ones that the conventions of OpenTelemetry give to its
 * entities, with their older names. Any other attribute of a resource becomes one of the span.
 *
 * Most namespaces do not tell, because `process.exit_code` is of a span. `user_agent.original`,
 * `device.id`, `cicd.` and `vcs.` are left out, because on spans they name what the work is about.
 */
const OF_RESOURCE: ReadonlySet<string> = new Set([
  ...['service.version', 'service.namespace', 'service.instance.id', 'service.criticality'],
  ...['deployment.environment', 'deployment.environment.name'],
  ...of('telemetry.sdk', 'name', 'language', 'version'),
  ...['telemetry.distro.name', 'telemetry.distro.version', 'telemetry.auto.version'],
  ...of('host', 'name', 'id', 'type', 'arch', 'ip', 'mac'),
  ...of('host.image', 'id', 'name', 'version'),
  ...of('host.cpu', 'vendor.id', 'family', 'model.id', 'model.name', 'stepping', 'cache.l2.size'),
  ...of('os', 'type', 'name', 'version', 'description', 'build_id'),
  ...of('process', 'pid', 'parent_pid', 'owner', 'title', 'interactive', 'working_directory'),
  ...of('process', 'command', 'command_args', 'command_line', 'args_count', 'creation.time'),
  ...of('process.executable', 'name', 'path'),
  ...of('process.executable.build_id', 'gnu', 'go', 'htlhash', 'profiling'),
  ...of('process.runtime', 'name', 'version', 'description'),
  'process.linux.cgroup',
  ...of('container', 'id', 'name', 'runtime', 'command', 'command_args', 'command_line'),
  ...of('container.image', 'id', 'name', 'tag', 'tags', 'repo_digests'),
  ...of('container.runtime', 'name', 'version', 'description'),
  ...of('cloud', 'provider', 'platform', 'region', 'availability_zone', 'account.id'),
  ...['cloud.resource_id', 'oci.manifest.digest'],
  ...of('faas', 'name', 'version', 'instance', 'max_memory', 'id'),
  ...of('browser', 'brands', 'platform', 'mobile', 'language'),
  ...of('device', 'manufacturer', 'model.identifier', 'model.name'),
  ...['android.os.api_level', 'app.installation.id', 'app.build_id'],
  ATTR_IMPORTED,
]);
/** Namespaces that say only where a span came from, some of them with labels of any name. */
const NAMESPACES = [
  ...['k8s', 'openshift', 'cloudfoundry', 'heroku', 'webengine', 'zos', 'mainframe'],
  ...['aws.ecs', 'aws.eks', 'aws.log', 'gcp.apphub', 'gcp.cloud_run', 'gcp.gce'],
  ...['container.label', 'container.labels'],
].map((name) => `${name}.`);

/** Returns the names of a namespace. */
function of(namespace: string, ...names: string[]): string[] {
  return names.map((name) => `${namespace}.${name}`);
}
const isOfResource = (name: string): boolean =>
  OF_RESOURCE.has(name) || NAMESPACES.some((namespace) => name.startsWith(namespace));

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
    else (isOfResource(name) ? resource : tags).push([name, text]);
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
