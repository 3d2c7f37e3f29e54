/**
 * This file formats and parses keys of several parts, so that no other file depends on how the
 * parts are joined. In a key that is parsed, only the last part may contain the separator.
 */

/** Returns the key of a name (flow type, destination or service) within an environment. */
export const scopedKey = (environment: string, name: string): string => `${environment}\0${name}`;
/** Returns the environment of a scoped key. */
export const environmentOfKey = (key: string): string => key.slice(0, key.indexOf('\0'));
/** Returns the name in a scoped key. */
export const nameOfKey = (key: string): string => key.slice(key.indexOf('\0') + 1);

/** Returns the key of two names in this order, such as a step and its service. */
export const pairKey = (first: string, second: string): string => `${first}\0${second}`;
export const parsePair = (key: string): [first: string, second: string] => {
  const [first = '', second = ''] = key.split('\0');
  return [first, second];
};

/**
 * Returns the name of a place, which is a destination and a message type. The type is included,
 * because a consumer of one type on a topic may not want another.
 */
export const placeKey = (destination: string, messageType: string): string =>
  messageType === '' ? destination : `${destination}\0${messageType}`;

/**
 * Returns the name of the action "sent a message to this place" (destination and message type). The
 * action counts for a step whether or not the message was taken.
 */
export const actionOf = (place: string): string => `>${place}`;
/**
 * Returns the place (destination and message type) to which the action sent a message; null if the
 * action is a call. A call has the name of the callee's step type.
 */
export const placeOf = (action: string): string | null =>
  action.startsWith('>') ? action.slice(1) : null;

/** Returns the destination that the action sent to; null if the action is a call. */
export const destinationOf = (action: string): string | null =>
  placeOf(action)?.split('\0', 1)[0] ?? null;

/**
 * Returns the key of a kind of message. Messages of the same step type, version and place
 * (destination and message type) are of one kind, and are compared with each other.
 */
export const messageKeyOf = (
  { as, version }: { as: string; version: string },
  place: string,
): string => `${as}\0${version}\0${place}`;
/**
 * Returns whether a message key is of messages that this step type sends to this place (destination
 * and message type), in any version of the service.
 */
export const isMessageOf = (key: string, stepType: string, place: string): boolean =>
  key.startsWith(`${stepType}\0`) && key.endsWith(`\0${place}`);

/**
 * Returns the type of a step that recurs in its own branch. The recurring step has a type of its
 * own, because what follows the step may differ.
 */
export const repeatedType = (stepType: string): string => `${stepType}\0again`;
/**
 * Returns the type of a step that failed. A failed step has a type of its own, because the failure
 * decides what follows.
 */
export const failedType = (stepType: string): string => `${stepType}\0failed`;

/**
 * Returns one key for a set of names. It has a separator of its own, because a name may be a key of
 * several parts, which another separator joins.
 */
export const setKey = (members: readonly string[]): string => members.join('\u0001');
