/**
 * Matches attributes that are not worth comparing: those that repeat other fields (types, outcomes,
 * messages, instances), and those that differ between processes by chance.
 */
const RESTATED =
  /^(fermata\.|telemetry\.|thread\.|process\.(pid|parent_pid|command|executable|owner))/;

/** Returns whether the attribute should be left out of comparisons (`RESTATED`). */
export const isRestated = (name: string): boolean => RESTATED.test(name);

/** Matches attributes that name an instance of a service, or what it runs in. */
const OF_INSTANCE =
  /^(service\.instance\.|host\.(name|id|ip|mac)|container\.(id|name)|k8s\.(pod|node|replicaset)\.)/;

/** Returns whether the attribute's values change as instances are replaced (`OF_INSTANCE`). */
export const namesInstance = (name: string): boolean => OF_INSTANCE.test(name);
