import { playSagas } from './sagas.ts';

/**
 * This is `npm run sagas`. It checks whether six kinds of defective compensation are found among
 * correct sagas.
 */
const [seeds = '1,2,3,4,5', sound = '1000', each = '50'] = process.argv.slice(2);
for (const seed of seeds.split(',').map(Number)) {
  const score = await playSagas(seed, Number(sound), Number(each));
  console.log(
    `seed ${seed}: kind right ${(score.right * 100).toFixed(1)} %, false alarms ${score.falseAlarms.length} of ${sound}`,
  );
  if (process.env['VERBOSE'])
    console.log([...score.wrong.slice(0, 15), ...score.falseAlarms.slice(0, 10)].join('\n'));
}
