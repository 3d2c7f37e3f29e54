import { playOutage } from './outage.ts';

/**
 * This is `npm run outage`. It simulates an outage of one service during which 5,000 orders pass,
 * and prints the notifications.
 */
const [flows = '15000', seed = '1'] = process.argv.slice(2);
console.table({ outage: await playOutage(Number(seed), Number(flows)) });
