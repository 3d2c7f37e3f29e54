import { BlockList, isIP } from 'node:net';

/**
 * Private address ranges, to which no notification may be sent unless the operator allows it. They
 * follow IANA's registries of special-purpose addresses (RFC 6890).
 *
 * IPv4 and IPv6 have separate lists, because Node also compares an IPv4 address, in its mapped
 * form, with IPv6 subnets. In a common list, `::ffff:0:0/96` would match every public IPv4 address
 * (guarded by addresses.test.ts).
 */
const PRIVATE_4: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
];
const PRIVATE_6: readonly (readonly [net: string, prefix: number])[] = [
  // This range contains the loopback address, the unspecified address, and IPv4 addresses in the
  // form `::10.0.0.1`.
  ['::', 96],
  // The next ranges contain IPv4 addresses in IPv6 form, mapped or translated. No webhook needs
  // them, and a private IPv4 address in this form would bypass the IPv4 ranges.
  ['::ffff:0:0', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const listOf = (nets: typeof PRIVATE_4, family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const [net, prefix] of nets) list.addSubnet(net, prefix, family);
  return list;
};
const private4 = listOf(PRIVATE_4, 'ipv4');
const private6 = listOf(PRIVATE_6, 'ipv6');

/**
 * Returns whether an address (without brackets) is private. Returns true for a text that is not an
 * address.
 */
export function isPrivate(address: string): boolean {
  // Remove the zone, as in `fe80::1%eth0`. It names the network interface and does not affect the
  // range.
  const plain = address.replace(/%.*$/, '');
  const family = isIP(plain);
  return family === 4
    ? private4.check(plain, 'ipv4')
    : family === 6
      ? private6.check(plain, 'ipv6')
      : true;
}
