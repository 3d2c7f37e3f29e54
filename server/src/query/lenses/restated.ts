import { isIP } from 'node:net';

/**
 * Matches attributes that are not worth comparing: those that repeat other fields (types, outcomes,
 * messages, instances), and those that differ between processes by chance.
 */
const RESTATED =
  /^(fermata\.|telemetry\.|thread\.|process\.(pid|parent_pid|command|executable|owner))/;

/** Returns whether the attribute should be left out of comparisons (`RESTATED`). */
export const isRestated = (name: string): boolean => RESTATED.test(name);

/**
 * Matches attributes of the semantic conventions that name an instance of a service, or what it
 * runs in. Labels of a pod, groups of consumers and families of tasks outlive these.
 */
const OF_INSTANCE = new RegExp(
  [
    '^((service|cloudfoundry\\.app|gcp\\.gce)\\.instance\\..*|faas\\.instance|cloud\\.resource_id',
    'host\\.(name|id|ip|mac)|container\\.(id|name)',
    'k8s\\.(pod|node|replicaset)\\.(name|uid|ip|hostname|start_time)',
    'aws\\.(ecs\\.(task\\.(arn|id)|container\\.arn)|log\\.stream\\..*)',
    'messaging\\.((kafka\\.)?client|consumer)[._]id)$',
  ].join('|'),
);
/** Matches an IP address, in brackets or not, with a port or not. */
const ADDRESS = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+))(?::\d+)?$/;

/**
 * Returns whether the attribute's values change as instances are replaced: because of its name
 * (`OF_INSTANCE`), or because the value is an IP address, and no version that looks like one.
 */
export const namesInstance = (name: string, value: string): boolean =>
  OF_INSTANCE.test(name) || (isAddress(value) && !/version/i.test(name));
function isAddress(value: string): boolean {
  const { v6, v4 } = ADDRESS.exec(value)?.groups ?? {};
  return isIP(v6 ?? v4 ?? value) !== 0;
}
