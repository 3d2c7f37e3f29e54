import type { Held, Overview } from '@fermata/server/contract';
import { isolate } from '../../ui/format.ts';

/** The overview's headline: the state in a few words (`lead`), and the reason (`rest`). */
export interface Headline {
  tone: 'bad' | 'warn' | 'ok' | 'dim';
  lead: string;
  rest: string;
}

export function headlineOf(
  { stuck, late, held, types }: Pick<Overview, 'stuck' | 'late' | 'held' | 'types'>,
  clock: (iso: string) => string,
): Headline {
  const flows = (count: number): string =>
    `${count.toLocaleString()} ${wordFor(types, count)} ${count === 1 ? 'is' : 'are'}`;
  if (stuck > 0)
    return {
      tone: 'bad',
      lead: `${flows(stuck)} stuck.`,
      rest: reason(held, 'stuck', stuck, clock),
    };
  if (late > 0)
    return {
      tone: 'warn',
      lead: `Nothing is stuck; ${flows(late)} late.`,
      rest: reason(held, 'late', late, clock),
    };
  return { tone: 'ok', lead: 'Nothing is stuck.', rest: '' };
}

/** Returns the word for flows, with their type if only flows of one type are late or stuck. */
function wordFor(types: Overview['types'], count: number): string {
  const held = types.filter((type) => type.stuck + type.late > 0);
  if (held.length === 1 && !/\s/.test(held[0]!.type))
    return `${isolate(held[0]!.type)} ${count === 1 ? 'flow' : 'flows'}`;
  return count === 1 ? 'flow' : 'flows';
}

function reason(
  held: readonly Held[],
  by: 'stuck' | 'late',
  count: number,
  clock: (iso: string) => string,
): string {
  const groups = held.filter((group) => group[by] > 0);
  const first = groups[0];
  if (first === undefined) return '';
  const services = new Set(groups.map(({ service }) => service));
  const since = `since ${clock(groups.map((group) => group.since).sort()[0]!)}`;
  const all = count === 1 ? 'It waits' : 'All wait';
  if (groups.length === 1) {
    const by_ = first.service === '' ? '' : ` by ${isolate(first.service)}`;
    return `${all} for ${isolate(first.step)}${by_}, ${since}.`;
  }
  if (services.size === 1) return `${all} for ${isolate(first.service)}, ${since}.`;
  // The start is that of the largest group, because flows in another group may have waited longer.
  const what = `${isolate(first.step)} by ${isolate(first.service)}, since ${clock(first.since)}`;
  return 2 * first[by] > count
    ? `Most wait for ${what}.`
    : `They wait for different steps, such as ${what}.`;
}

/**
 * Returns how well "nothing is stuck" is founded: how much is known (`known`), and what may be
 * missed (`doubts`). The statement alone would mislead if little is known.
 */
export function proofOf(
  { types, started, silent }: Pick<Overview, 'types' | 'started' | 'silent'>,
  isReady: boolean,
): { known: string; doubts: string[] } {
  const young = types.filter(({ isYoung }) => isYoung);
  const count = (n: number, one: string, more = `${one}s`): string =>
    `${n.toLocaleString()} ${n === 1 ? one : more}`;
  const known = types.length - young.length;
  const doubts = [
    ...(isReady ? [] : ['Fermata accepts no data now: what happens is not seen.']),
    ...(young.length > 0
      ? [
          `${count(young.length, 'flow type is', 'flow types are')} young (${names(young.map(({ type }) => type))}): only messages that nobody takes are noticed there.`,
        ]
      : []),
    ...(silent.length > 0
      ? [`${names(silent.map(({ service }) => service))} sent nothing for long.`]
      : []),
  ];
  return {
    known: `${count(known, 'flow type')} known well, ${count(started, 'flow')} started`,
    doubts,
  };
}

function names(list: readonly string[]): string {
  const shown = list.slice(0, 3).map(isolate).join(', ');
  return list.length > 3 ? `${shown} and ${(list.length - 3).toLocaleString()} more` : shown;
}
