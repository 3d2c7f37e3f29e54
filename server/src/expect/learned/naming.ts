/**
 * Version of the rules by which steps are named. It is increased when steps get other names. Models
 * refer to step types by name, so a model with names that steps no longer have would expect those
 * steps for ever. Such a model is discarded, and its flow type is learned anew.
 */
const NAMING = 2;
const NO_MORE = [
  // Since version 2, a consumer span that does not name where its message came from is named after
  // the send of the message, no longer after its own operation.
  / (?:process|receive) (?:\\u0000\w+)*"/,
  // Since version 2, a milestone of a flow is not a step.
  / flow-(?:started|completed|failed|cancelled|expects|heartbeat)(?:\\u0000\w+)*"/,
];
const BY_THIS_VERSION = `{"naming":${NAMING},`;

export const withNaming = (learned: object): string =>
  JSON.stringify({ naming: NAMING, ...learned });
export const hasOtherNames = (json: string): boolean =>
  !json.startsWith(BY_THIS_VERSION) && NO_MORE.some((name) => name.test(json));
