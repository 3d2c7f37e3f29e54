/**
 * Reads the lists of message types that frameworks of .NET report. All functions are pure.
 *
 * Returns the short name of the most derived type, which is the first of the list, and '' if the
 * text names none. Examples: `urn:message:Shop.Contracts:OrderPlaced` (MassTransit) and
 * `Shop.Contracts.OrderPlaced, Shop.Contracts, Version=1.0.0.0` (NServiceBus) are `OrderPlaced`.
 * The arguments of a generic type are part of its name: a fault of `ChargeCard` is
 * `Fault<ChargeCard>`.
 */
export function typeIn(list: string): string {
  const [first = ''] = list.trim().split(/;|,(?![^[]*\])/, 1);
  const [, outer = '', inner = ''] = GENERIC.exec(first.trim()) ?? [];
  if (outer === '') return shortNameOf(first.trim());
  const name = shortNameOf(outer);
  const argument = typeIn(inner);
  return argument === '' ? name : `${name}<${argument}>`;
}

/** Matches a generic type with its arguments, as both frameworks and the runtime write it. */
const GENERIC = /^([^[\]`]+)(?:`\d+)?\[\[?(.+?)\]?\]$/;

/** Returns the part of a name behind its namespace and behind the classes that enclose it. */
const shortNameOf = (name: string): string =>
  name.slice(Math.max(...[':', '.', '+', '/'].map((mark) => name.lastIndexOf(mark))) + 1);
