/**
 * What was learned speaks of step types by name. A type of which an earlier version learned names
 * that steps do not have any more would await those for ever: it is learned anew. Counts up when
 * steps get other names.
 */
const NAMING = 2;
const NO_MORE = [
  // Consumers that do not say from where they took: their sends do.
  / (?:process|receive) (?:\\u0000\w+)*"/,
  // What is said of a flow is no step.
  / flow-(?:started|completed|failed|cancelled|expects|heartbeat)(?:\\u0000\w+)*"/,
];
const BY_THIS_VERSION = `{"naming":${NAMING},`;

export const withNaming = (learned: object): string =>
  JSON.stringify({ naming: NAMING, ...learned });
export const hasOtherNames = (json: string): boolean =>
  !json.startsWith(BY_THIS_VERSION) && NO_MORE.some((name) => name.test(json));
