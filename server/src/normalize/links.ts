import type { OtlpLink, OtlpSpan } from '../model/otlp.ts';
import { NONE, type SpanKey } from '../model/span.ts';
import type { AttributeReader } from './attributes.ts';
import { ID16, ID32, IS_REMOTE } from './ids.ts';
import { moreOf } from './more.ts';

export interface ReadLinks {
  links: readonly SpanKey[];
  /**
   * Number of valid links. It exceeds the length of `links` if several links refer to the same
   * span.
   */
  named: number;
  json: string;
  cut: boolean;
}

/**
 * Maximum number of links by which a span is joined to others, because each of them is looked up
 * many times. SDKs keep 128 by default. Further links are stored and displayed, but join nothing.
 */
const MAX_LINKS = 4096;
export const LINKS_CUT = `only the first ${MAX_LINKS} links count`;

/** Returns the links as JSON for the store, and the keys of the linked spans. */
export function linksOf(
  reader: Pick<AttributeReader, 'json'>,
  links: readonly OtlpLink[],
): ReadLinks {
  if (links.length === 0) return { links: NONE, named: 0, json: '', cut: false };
  let cut = false;
  let named = 0;
  const valid = new Set<SpanKey>();
  const text: string[] = [];
  for (const link of links) {
    const attributes = link.attributes.length === 0 ? '' : reader.json(link.attributes);
    text.push(
      `{"traceId":${JSON.stringify(link.traceId)},"spanId":${JSON.stringify(link.spanId)}${attributes === '' ? '' : `,"attributes":${attributes}`}${moreOfLink(link)}}`,
    );
    if (valid.size === MAX_LINKS) {
      cut = true;
      continue;
    }
    if (!ID32.test(link.traceId) || !ID16.test(link.spanId)) continue;
    valid.add(link.traceId + link.spanId);
    named++;
  }
  return { links: [...valid], named, json: `[${text.join(',')}]`, cut };
}

/** Returns the rarely present fields of a link as JSON members, each preceded by a comma. */
function moreOfLink({ traceState, flags, dropped }: OtlpLink): string {
  const more = moreOf({ traceState, flags, dropped });
  return more === '' ? '' : `,${more.slice(1, -1)}`;
}

/**
 * Returns how many messages of a batch have no link. Returns 0 for a poll that has no links and
 * dropped none, because the spans that process the messages refer to each of them.
 */
export function linksCutOf(otlp: OtlpSpan, named: number, batchCount: number): number {
  const unread = (otlp.droppedLinks ?? 0) + otlp.links.length - named;
  const byParent = otlp.links.length === 0 && (otlp.flags & IS_REMOTE) !== 0 ? 1 : 0;
  const known = named + byParent;
  return Math.max(unread, known > 0 ? batchCount - known : 0);
}
