import type { LatencyAnswer, MapAnswer } from '@fermata/server/contract';

/** Two points between which time is measured: names of steps or messages. */
export interface Points {
  from: string;
  to: string;
}

const SEPARATOR = '..';

/** Reads two points out of the address; '' for one that is missing. */
export function readPoints(query: URLSearchParams): Points {
  const [from = '', to = '', ...more] = (query.get('between') ?? '')
    .split(SEPARATOR)
    .map((name) => name.trim());
  return more.length > 0 ? { from: '', to: '' } : { from, to };
}

export const isComplete = ({ from, to }: Points): boolean => from !== '' && to !== '';

/** Writes two points as the address and the API have them; '' if there are none. */
export const pointsText = ({ from, to }: Points): string =>
  from === '' && to === '' ? '' : `${from}${SEPARATOR}${to}`;

/** A step or message that can be a point. */
export interface Point {
  name: string;
  kind: 'step' | 'message';
}

/**
 * Returns the steps and messages that can be points: those of the map if it is there, otherwise
 * those of the critical path. A name with the separator in it could not be asked for.
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

/** Returns the points whose names contain what was typed, those that start with it first. */
export function matching(points: readonly Point[], typed: string): Point[] {
  const text = typed.trim().toLowerCase();
  const rank = ({ name }: Point): number => name.toLowerCase().indexOf(text);
  return points
    .filter((one) => rank(one) >= 0)
    .sort((a, b) => Number(rank(a) > 0) - Number(rank(b) > 0));
}
