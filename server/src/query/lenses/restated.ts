/**
 * Attributes that only say again what has a field of its own (types, outcomes, messages,
 * instances), or that tell processes apart by chance.
 */
const RESTATED =
  /^(fermata\.|telemetry\.|thread\.|process\.(pid|parent_pid|command|executable|owner))/;

/** Returns whether an attribute says nothing about what sets flows apart. */
export const isRestated = (name: string): boolean => RESTATED.test(name);
