import { parseArgs } from 'node:util';
import { BOUNDS, CASES, playBacklog, type BacklogScore } from './backlog.ts';

/**
 * This is `npm run backlog -- --seed 1 --seeds 2 --scale 1`. After an outage, it measures how long
 * a lost message stays undetected, by the outage's length and by its share of the samples. Exits
 * with 1 if a bound is exceeded.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
  },
});
const scores: BacklogScore[] = [];
for (let n = 0; n < Number(values.seeds); n++)
  for (const [i, one] of CASES.entries()) {
    const seed = Number(values.seed) + n;
    const sound = Math.max(40, Math.round(one.sound * Number(values.scale)));
    scores.push(await playBacklog({ ...one, sound }, 1000 * seed + i));
    if (i % 5 === 4) console.error(`seed ${seed}: ${i + 1} of ${CASES.length} cases`);
  }

const seconds = (ms: number): string => (ms === Infinity ? 'never' : `${Math.round(ms / 1000)} s`);
const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min`;
const nameOf = ({ trouble, sound }: BacklogScore): string =>
  `${trouble} after ${sound} sound flows`;
for (const name of new Set(scores.map(nameOf))) {
  console.log(`${name}: slowest detection before → after, by length and by share of the samples`);
  const rows: Record<string, Record<string, string>> = {};
  for (const score of scores.filter((one) => nameOf(one) === name)) {
    const row = (rows[minutes(score.lengthMs)] ??= {});
    const cell = `${Math.round(score.share * 100)} %`;
    const text = `${seconds(score.beforeMs)} → ${seconds(score.afterMs)}`;
    row[cell] = row[cell] === undefined ? text : `${row[cell]}; ${text}`;
  }
  console.table(rows);
}
const sum = (of: (score: BacklogScore) => number): number => scores.reduce((a, b) => a + of(b), 0);
console.log(
  `${sum(({ whole }) => whole)} whole flows: ${sum(({ falselyStuck }) => falselyStuck)} falsely stuck at the end, ${sum(({ onceStuck }) => onceStuck)} for a while`,
);
console.log('the worst cases:');
for (const one of [...scores]
  .sort((a, b) => b.afterMs / b.beforeMs - a.afterMs / a.beforeMs)
  .slice(0, 10))
  console.log(
    `  ${nameOf(one)} for ${minutes(one.lengthMs)}, ${Math.round(one.share * 100)} % of the samples: ${seconds(one.beforeMs)} → ${seconds(one.afterMs)}, ${one.falselyStuck} falsely stuck; ${one.said}`,
  );
for (const [bound, isKept] of Object.entries(BOUNDS)) {
  const missed = scores.filter((score) => !isKept(score)).length;
  console.log(
    `${missed === 0 ? 'kept' : `MISSED in ${missed} of ${scores.length} cases`}: ${bound}`,
  );
  if (missed > 0) process.exitCode = 1;
}
