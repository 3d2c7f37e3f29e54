import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createGuard, type Network } from './guard.ts';

/**
 * Creates a guard that resolves names to these addresses. Every connection attempt fails with the
 * error "connects".
 */
function bench(addresses: Record<string, string[]>, allowed: readonly string[] = []) {
  const lookups: string[] = [];
  const network: Network = {
    lookup: async (host) => {
      lookups.push(host);
      return (addresses[host] ?? []).map((address) => ({ address, family: 4 }));
    },
    connect: () => {
      throw new Error('connects');
    },
  };
  const guard = createGuard(manualClock(), allowed, network);
  return { lookups, post: (url: string) => guard.post(url, {}, '{}') };
}
const refused = (message: string): object => ({ code: 'alert.refused', message });

test.each(['ftp://ops.example', 'file:///etc/passwd', 'gopher://ops.example'])(
  '%s is not http, and is not even looked up',
  async (url) => {
    const { post, lookups } = bench({ 'ops.example': ['93.184.216.34'] });
    await expect(post(url)).rejects.toMatchObject({ code: 'alert.refused' });
    expect(lookups).toEqual([]);
  },
);

test.each([
  ['http://127.0.0.1/', '127.0.0.1 is a private address'],
  ['http://[::1]:8080/', '[::1] is a private address'],
  // Node's URL parser normalizes every notation of an IPv4 address to dotted decimal.
  ['http://2130706433/', '127.0.0.1 is a private address'],
  ['http://0x7f.1/', '127.0.0.1 is a private address'],
])('%s: %s', async (url, message) => {
  const { post, lookups } = bench({});
  await expect(post(url)).rejects.toMatchObject(refused(message));
  expect(lookups).toEqual([]);
});

test('a name that leads to a private address is refused, and one that leads nowhere', async () => {
  const { post } = bench({ 'ops.example': ['10.0.0.1'] });
  await expect(post('http://ops.example/')).rejects.toMatchObject(
    refused('ops.example is 10.0.0.1, a private address'),
  );
  await expect(post('http://nobody.example/')).rejects.toMatchObject({ code: 'alert.refused' });
});

test('what the operator allows may be private, by name or by address', async () => {
  const addresses = { 'ops.example': ['10.0.0.1'] };
  for (const allowed of ['ops.example', '10.0.0.1'])
    await expect(bench(addresses, [allowed]).post('http://ops.example/')).rejects.toThrow(
      'connects',
    );
  await expect(bench(addresses, ['10.0.0.2']).post('http://ops.example/')).rejects.toMatchObject({
    code: 'alert.refused',
  });
});

test('of several addresses a public one is taken, after one look-up', async () => {
  const { post, lookups } = bench({ 'ops.example': ['10.0.0.1', '93.184.216.34'] });
  await expect(post('https://ops.example/')).rejects.toThrow('connects');
  expect(lookups).toEqual(['ops.example']);
});
