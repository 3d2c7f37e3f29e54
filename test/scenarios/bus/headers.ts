import { HEADER_ITINERARY, HEADER_MESSAGE_KIND } from '@fermata/instrumentation/semconv';

/**
 * Returns the headers that an application sets itself, because its client's adapter cannot know
 * them: the kind of the message, and its routing slip.
 */
export function headersOf(
  kind: string,
  itinerary: readonly string[] | undefined,
): Record<string, string> {
  return {
    [HEADER_MESSAGE_KIND]: kind,
    ...(itinerary && { [HEADER_ITINERARY]: itinerary.join(',') }),
  };
}

export function slipOf(headers: Record<string, unknown> | undefined): string[] {
  const value = headers?.[HEADER_ITINERARY];
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value;
  return typeof text === 'string' && text !== '' ? text.split(',') : [];
}
