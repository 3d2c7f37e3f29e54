/**
 * Keys of several parts. Every key of this folder is formatted and parsed here, so that nobody else
 * has to know how its parts are joined. Of a key that is parsed, only the last part may hold the
 * separator.
 */

/** What belongs to one environment: a flow type, a destination, a service. */
export const scopedKey = (environment: string, name: string): string => `${environment}\0${name}`;
/** Returns the environment of a scoped key. */
export const environmentOfKey = (key: string): string => key.slice(0, key.indexOf('\0'));
/** Returns the name in a scoped key. */
export const nameOfKey = (key: string): string => key.slice(key.indexOf('\0') + 1);

/** Two step names in this order: the first is undone before the second. */
export const pairKey = (first: string, second: string): string => `${first}\0${second}`;
export const parsePair = (key: string): [first: string, second: string] => {
  const [first = '', second = ''] = key.split('\0');
  return [first, second];
};

/** Where a message is sent: who takes one type from a topic may not want another. */
export const placeKey = (destination: string, messageType: string): string =>
  messageType === '' ? destination : `${destination}\0${messageType}`;

/** The action of sending to a place: what a step did, whether or not anybody took it. */
export const actionOf = (place: string): string => `>${place}`;
/** The place of that action; null for a call, whose action is the step type of the callee. */
export const placeOf = (action: string): string | null =>
  action.startsWith('>') ? action.slice(1) : null;

/** The destination that such an action sent to; null for a call. */
export const destinationOf = (action: string): string | null =>
  placeOf(action)?.split('\0', 1)[0] ?? null;

/** Messages of one step type, version and place are comparable. */
export const messageKeyOf = (
  { as, version }: { as: string; version: string },
  place: string,
): string => `${as}\0${version}\0${place}`;
/** A message of that step type to that place, in whatever version. */
export const isMessageOf = (key: string, stepType: string, place: string): boolean =>
  key.startsWith(`${stepType}\0`) && key.endsWith(`\0${place}`);

/** A step type that comes again in its own branch is another type: what follows may differ. */
export const repeatedType = (stepType: string): string => `${stepType}\0again`;
/** A step type with its failure, which decides what follows. */
export const failedType = (stepType: string): string => `${stepType}\0failed`;

/** A set of names as one text; the names may hold the separator of keys. */
export const setKey = (members: readonly string[]): string => members.join('\u0001');
