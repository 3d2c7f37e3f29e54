/** What clients call the places that messages are sent to and taken from. Pure. */

/**
 * Made for one receiver: what is learned of one of them holds for all (OTel's own word for them in
 * span names).
 */
export const TEMPORARY = '(temporary)';

export interface Place {
  destination: string;
  /** What a broker routes by, where the exchange alone says nothing of the message. */
  type: string;
  /** It is as only a client names queues of its own. */
  isTemporary: boolean;
}

/** Queues whose names a client, or the broker, drew for an answer. */
const DRAWN = /^amq(?:_[0-9a-f]{32}|\.gen-[\w-]{16,}|\.rabbitmq\.reply-to.*)$/;
/** `exchange,routing key`; without an exchange, it is the queue. */
const PAIR = /^([^,]*),([^,]*)$/;
/** A key with a number in it may name one order rather than a kind of message. */
const hasNumber = (text: string): boolean => /\d/.test(text);

/**
 * `isSend`: only whoever sends names the exchange; whoever takes may name a queue, and its key says
 * nothing of that.
 */
export function placeOf(name: string, routingKey: string, system: string, isSend: boolean): Place {
  const pair = system === 'rabbitmq' && isSend ? PAIR.exec(name) : null;
  // A template that was not filled in.
  const exchange = pair === null ? (name === '{}' ? '' : name) : pair[1]!;
  const key = pair === null ? routingKey : pair[2]!;
  const destination = exchange || key;
  const isTyped = isSend && exchange !== '' && key !== exchange && !hasNumber(key);
  return { destination, type: isTyped ? key : '', isTemporary: DRAWN.test(destination) };
}

/** Segments of a path that name one thing: a type of flow must not be one flow. */
const ONE_THING = /\/(?!v\d+(?:[/ ]|$))[^/ {}]*\d[^/ ]*/gi;
/** Of a request whose route nobody said: its span's name, without what is told apart in it. */
export const requestNamed = (name: string): string =>
  name.split('?', 1)[0]!.replace(ONE_THING, '/{}');
