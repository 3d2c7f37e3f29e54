/**
 * Version of how steps are named; it counts up when steps get other names. Models refer to step
 * types by name, so a model with names that steps no longer have would expect those for ever: its
 * type is learned anew.
 */
const NAMING = 2;
const NO_MORE = [
  // Consumers that do not name where they took a message from are named after its send.
  / (?:process|receive) (?:\\u0000\w+)*"/,
  // A milestone of a flow is no step.
  / flow-(?:started|completed|failed|cancelled|expects|heartbeat)(?:\\u0000\w+)*"/,
];
const BY_THIS_VERSION = `{"naming":${NAMING},`;

export const withNaming = (learned: object): string =>
  JSON.stringify({ naming: NAMING, ...learned });
export const hasOtherNames = (json: string): boolean =>
  !json.startsWith(BY_THIS_VERSION) && NO_MORE.some((name) => name.test(json));
