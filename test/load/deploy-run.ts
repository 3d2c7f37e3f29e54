import { playDeploy } from './deploy.ts';

/**
 * This is `npm run deploy`. It counts false alarms after a release that drops a step, and checks
 * that a dead consumer is not mistaken for such a release.
 */
const [seed = '1', flows = '3000'] = process.argv.slice(2);
console.table({
  'step dropped': await playDeploy(Number(seed), Number(flows), true),
  'consumer dead': await playDeploy(Number(seed), Number(flows), false),
});
