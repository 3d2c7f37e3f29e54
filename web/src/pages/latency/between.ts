import type { LatencyAnswer, MapAnswer } from '@fermata/server/contract';

/** The two steps or messages between which time is measured, by name. */
export interface Points {
  from: string;
  to: string;
}

const SEPARATOR = '..';

/** Reads the two points from the URL; a missing one is an empty text. */
export function readPoints(query: URLSearchParams): Points {
  const [from = '', to = '', ...more] = (query.get('between') ?? '')
    .split(SEPARATOR)
    .map((name) => name.trim());
  return more.length > 0 ? { from: '', to: '' } : { from, to };
}

export const isComplete = ({ from, to }: Points): boolean => from !== '' && to !== '';

/** Returns the two points as a parameter for the URL and the API; empty if both are missing. */
export const pointsText = ({ from, to }: Points): string =>
  from === '' && to === '' ? '' : `${from}${SEPARATOR}${to}`;

/** A step or message that can be chosen as a point of the measurement. */
export interface Point {
  name: string;
  kind: 'step' | 'message';
}

/**
 * Returns the steps and messages that can be chosen: those of the map, or those of the critical
 * path until the map is loaded. Names that contain the separator of the URL parameter are left out.
 */
export function pointsOf(latency: LatencyAnswer | null, map: MapAnswer | null): Point[] {
  const steps = map
    ? map.nodes.map(({ step }) => step)
    : (latency?.chain ?? []).map(({ step }) => step);
  const messages = map
    ? map.edges.map(({ message }) => message?.type ?? '')
    : (latency?.chain ?? [])
        .filter(({ kind }) => kind === 'queue-wait')
        .map(({ message }) => message);
  return [...unique(messages, 'message'), ...unique(steps, 'step')];
}

const unique = (names: readonly string[], kind: Point['kind']): Point[] =>
  [...new Set(names)]
    .filter((name) => name !== '' && !name.includes(SEPARATOR))
    .sort((a, b) => a.localeCompare(b))
    .map((name) => ({ name, kind }));

/** Returns the points whose names contain the typed text, those that start with it first. */
export function matching(points: readonly Point[], typed: string): Point[] {
  const text = typed.trim().toLowerCase();
  const rank = ({ name }: Point): number => name.toLowerCase().indexOf(text);
  return points
    .filter((one) => rank(one) >= 0)
    .sort((a, b) => Number(rank(a) > 0) - Number(rank(b) > 0));
}
