/**
 * Matches attributes that are not worth comparing: those that repeat other fields (types, outcomes,
 * messages, instances), and those that differ between processes by chance.
 */
const RESTATED =
  /^(fermata\.|telemetry\.|thread\.|process\.(pid|parent_pid|command|executable|owner))/;

/** Returns whether the attribute should be left out of comparisons (`RESTATED`). */
export const isRestated = (name: string): boolean => RESTATED.test(name);
