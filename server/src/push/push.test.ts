import { createServer } from 'node:http';
import { expect, test, vi } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { closeServer, listen } from '../base/http.ts';
import { createPush } from './index.ts';

test('who polls no more is held back, and what it missed is told once a second', async () => {
  const clock = manualClock();
  const counters = createCounters();
  const push = createPush({ clock, counters, epoch: 'e', allowed: () => true });
  const server = createServer();
  push.attach(server);
  const port = await listen(server, '127.0.0.1', 0, '', '');
  const url = `http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`;
  const poll = async (sid: string): Promise<string> => (await fetch(`${url}&sid=${sid}`)).text();
  const post = async (sid: string, body: string): Promise<unknown> =>
    (
      await fetch(`${url}&sid=${sid}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body,
      })
    ).text();
  const { sid } = JSON.parse((await (await fetch(url)).text()).slice(1)) as { sid: string };
  await post(sid, '40');
  await poll(sid);
  const watch = (id: number): string =>
    `42${id}["watch",${JSON.stringify({ view: { kind: 'flows', types: [], statuses: [] }, since: { epoch: 'e', number: 1 } })}]`;
  const change = (id: string) => ({ id, version: 1, flow: null, movedTo: null });
  // No dashboard shows flows yet, so the change is not computed but only counted.
  push.publish(() => expect.fail('a change was made that nobody looks at'));
  // A dashboard shows flows and closes. When it returns after a moment, it must get the changes
  // made meanwhile.
  await post(sid, `${watch(0)}\x1e42["unwatch"]`);
  clock.advance(1000);
  push.publish(() => [change('first')]);
  await post(sid, Array.from({ length: 50 }, (_, i) => watch(i)).join('\x1e'));
  let heard = '';
  await vi.waitFor(async () => expect((heard += await poll(sid))).toContain('4349['), 10_000);
  expect(heard.split('"resumed":true').length - 1).toBe(2);
  expect(heard.split('"first"').length - 1).toBe(1);

  const held = (): number =>
    counters.read().find(({ name }) => name === 'fermata_push_held_total')?.value ?? 0;
  for (let i = 0; i < 4; i++) push.publish(() => [change(`${i}`.padEnd(600_000, 'x'))]);
  expect(held()).toBeGreaterThan(0);
  await push.stop();
  await closeServer(server);
});
