/**
 * Returns the short name of a message type from the text that frameworks report. If the text is a
 * list, its first and most derived type is used. Returns '' if the text contains no name. The
 * function is pure.
 *
 * Examples: `urn:message:Shop.Contracts:OrderPlaced` (MassTransit), `Shop.Contracts.OrderPlaced,
 * Shop.Contracts, Version=1.0.0.0` (NServiceBus), `Shop::OrderPlaced` (Ruby) and `Shop\OrderPlaced`
 * (PHP) become `OrderPlaced`. A generic type keeps its arguments, as in `Fault<ChargeCard>`.
 */
export function typeIn(list: string): string {
  // Most names have neither a namespace nor arguments, and most messages declare no type.
  if (PLAIN.test(list)) return list;
  const [first = ''] = list.trim().split(/;|,(?![^[]*\])/, 1);
  const [, outer = '', inner = ''] = GENERIC.exec(first.trim()) ?? [];
  if (outer === '') return shortNameOf(first.trim());
  const name = shortNameOf(outer);
  const argument = typeIn(inner);
  return argument === '' ? name : `${name}<${argument}>`;
}

const PLAIN = /^\w*$/;

/**
 * Matches a generic type with its arguments, in the notations of both frameworks and of the .NET
 * runtime.
 */
const GENERIC = /^([^[\]`]+)(?:`\d+)?\[\[?(.+?)\]?\]$/;

/** Returns a type's name without its namespace and enclosing classes. */
const shortNameOf = (name: string): string =>
  name.slice(Math.max(...[':', '.', '+', '/', '\\'].map((mark) => name.lastIndexOf(mark))) + 1);
