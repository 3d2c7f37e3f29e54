import { parseArgs } from 'node:util';
import { BOUNDS, MIN_TAKEN, inTotal, playChoices, type ChoicesScore } from './choices.ts';

/**
 * This is `npm run choices -- --seed 1 --seeds 5 --scale 1`. Each seed simulates forty flow types,
 * with one consumer each that may fail. Exits with 1 if a bound is exceeded.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
  },
});
const types = Math.max(1, Math.round(40 * Number(values.scale)));
const scores: ChoicesScore[] = [];
const rows: Record<string, object> = {};
for (let n = 0; n < Number(values.seeds); n++) {
  const seed = Number(values.seed) + n;
  const from = performance.now();
  const score = await playChoices({
    seed,
    types,
    onProgress: (text) => console.error(`seed ${seed}: ${text}`),
  });
  scores.push(score);
  rows[`seed ${seed}`] = {
    ...figures(score),
    seconds: Math.round((performance.now() - from) / 1000),
  };
}
const total = inTotal(scores);
rows['in total'] = figures(total);
console.table(rows);

console.log(
  `found, by how often its consumer had taken such a message (the bound counts from ${MIN_TAKEN} on):`,
);
const buckets = [...total.byTaken].sort((a, b) => Number.parseInt(a[0]) - Number.parseInt(b[0]));
console.table(
  Object.fromEntries(
    buckets.map(([bucket, { untaken, found }]) => [
      bucket,
      { untaken, found: percent(found / untaken) },
    ]),
  ),
);
console.log('the worst cases:');
for (const one of worst(total.cases, 10))
  console.log(
    `  ${one.wrong}: ${one.flows} of ${one.of} of ${one.type}; the first went a way of ${percent(one.share)} after ${one.soundBefore} sound flows${one.takenBefore === null ? '' : `, ${one.takenBefore} messages taken`}\n    ${one.said.slice(0, 400)}`,
  );
for (const [bound, isKept] of Object.entries(BOUNDS)) {
  const missed = scores.filter((score) => !isKept(score)).length;
  console.log(
    `${isKept(total) && missed === 0 ? 'kept' : `MISSED (${missed} of ${scores.length} seeds)`}: ${bound}`,
  );
  if (missed > 0) process.exitCode = 1;
}

function figures(score: ChoicesScore): object {
  const { flows, untaken, found, whole, falselyStuck, rare, rareStuck, onceStuck, falselyLate } =
    score;
  const seconds = (list: readonly number[], share: number): string =>
    `${Math.round((at(list, share) ?? 0) / 1000)} s`;
  return {
    flows,
    untaken,
    found: percent(found / Math.max(1, untaken)),
    whole,
    'falsely stuck': falselyStuck,
    'of rare ways': `${rareStuck} of ${rare}`,
    'once stuck': onceStuck,
    'falsely late': falselyLate,
    'after deadline p50, max': `${seconds(score.afterDeadlineMs, 0.5)}, ${seconds(score.afterDeadlineMs, 1)}`,
    'after sending p50, p95': `${seconds(score.afterSendingMs, 0.5)}, ${seconds(score.afterSendingMs, 0.95)}`,
  };
}
function at(list: readonly number[], share: number): number | undefined {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
/**
 * Returns at most `most` cases, those with the most flows, alternating between the kinds of errors.
 */
function worst(cases: ChoicesScore['cases'], most: number): ChoicesScore['cases'] {
  const kinds = [...new Set(cases.map(({ wrong }) => wrong))].map((wrong) =>
    cases.filter((one) => one.wrong === wrong).sort((a, b) => b.flows - a.flows),
  );
  const list: ChoicesScore['cases'] = [];
  for (let rank = 0; list.length < most && kinds.some((kind) => kind.length > rank); rank++)
    for (const kind of kinds) if (kind[rank] && list.length < most) list.push(kind[rank]!);
  return list;
}
