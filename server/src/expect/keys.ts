/**
 * Formats and parses keys of several parts, so that no other file depends on how parts are joined.
 * In a key that is parsed, only the last part may contain the separator.
 */

/** Scopes a name (flow type, destination or service) to its environment. */
export const scopedKey = (environment: string, name: string): string => `${environment}\0${name}`;
/** Returns the environment of a scoped key. */
export const environmentOfKey = (key: string): string => key.slice(0, key.indexOf('\0'));
/** Returns the name in a scoped key. */
export const nameOfKey = (key: string): string => key.slice(key.indexOf('\0') + 1);

/** Joins two step names in this order: the first is undone before the second. */
export const pairKey = (first: string, second: string): string => `${first}\0${second}`;
export const parsePair = (key: string): [first: string, second: string] => {
  const [first = '', second = ''] = key.split('\0');
  return [first, second];
};

/**
 * Names where a message is sent. It includes the message type, as a consumer of one type on a topic
 * may not want another.
 */
export const placeKey = (destination: string, messageType: string): string =>
  messageType === '' ? destination : `${destination}\0${messageType}`;

/**
 * Names the action of sending to a place: what a step did, whether or not the message was taken.
 */
export const actionOf = (place: string): string => `>${place}`;
/** Returns the place of such an action; null for a call, whose action is the callee's step type. */
export const placeOf = (action: string): string | null =>
  action.startsWith('>') ? action.slice(1) : null;

/** Returns the destination that such an action sent to; null for a call. */
export const destinationOf = (action: string): string | null =>
  placeOf(action)?.split('\0', 1)[0] ?? null;

/** Names a kind of message: those of one step type, version and place are comparable. */
export const messageKeyOf = (
  { as, version }: { as: string; version: string },
  place: string,
): string => `${as}\0${version}\0${place}`;
/** Returns whether a key names messages of that step type to that place, in any version. */
export const isMessageOf = (key: string, stepType: string, place: string): boolean =>
  key.startsWith(`${stepType}\0`) && key.endsWith(`\0${place}`);

/**
 * Names a step type that recurs in its own branch: what follows may differ, so it is another type.
 */
export const repeatedType = (stepType: string): string => `${stepType}\0again`;
/** Names a step type that failed, because the failure decides what follows. */
export const failedType = (stepType: string): string => `${stepType}\0failed`;

/** Joins a set of names; they may contain the separator of keys. */
export const setKey = (members: readonly string[]): string => members.join('\u0001');
