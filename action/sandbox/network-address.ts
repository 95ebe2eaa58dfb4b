/** Which of the addresses that a name stands for may be connected to. */
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type HostRule, isExact } from '../../core/plan/host.ts'

/** This machine and its neighbours on the wire, where cloud providers answer with a machine's credentials. */
const OWN_IPV4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
  // The same of Azure, Alibaba Cloud and Oracle Cloud, at addresses that look like others.
  ['168.63.129.16', 32],
  ['100.100.100.200', 32],
  ['192.0.0.192', 32],
]
/** Other ways to write an address of IPv4, which stands at their end: compatible, translated, by NAT64. */
const IPV4_PREFIXES = ['::', '::ffff:0:', '64:ff9b::']

const own = new BlockList()
for (const [network, bits] of OWN_IPV4) {
  own.addSubnet(network, bits)
  for (const prefix of IPV4_PREFIXES) own.addSubnet(`${prefix}${network}`, 96 + bits, 'ipv6')
  // In 6to4 it stands behind the first group.
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number)
  own.addSubnet(`2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`, 16 + bits, 'ipv6')
}
own.addSubnet('fe80::', 10, 'ipv6')
own.addSubnet('ff00::', 8, 'ipv6')
// The same of Amazon's and Google's clouds over IPv6.
own.addAddress('fd00:ec2::254', 'ipv6')
own.addAddress('fd20:ce::254', 'ipv6')

/** Networks that are not of the internet. */
const inner = new BlockList()
inner.addSubnet('10.0.0.0', 8)
inner.addSubnet('172.16.0.0', 12)
inner.addSubnet('192.168.0.0', 16)
inner.addSubnet('100.64.0.0', 10)
inner.addSubnet('198.18.0.0', 15)
inner.addSubnet('fc00::', 7, 'ipv6')
inner.addSubnet('fec0::', 10, 'ipv6')
// NAT64 of a network's own, and Teredo.
inner.addSubnet('64:ff9b:1::', 48, 'ipv6')
inner.addSubnet('2001::', 32, 'ipv6')
for (const prefix of IPV4_PREFIXES) inner.addSubnet(`${prefix}0.0.0.0`, 96, 'ipv6')
inner.addSubnet('2002::', 16, 'ipv6')

/**
 * A rule that gives this machine's address, or `localhost`, may mean it; a name that only resolves to it may not, since
 * whoever keeps the name can say what it stands for. A name declared exactly may stand for a server within a network; what
 * a wildcard stands for has to be on the internet.
 */
export function mayConnect(rule: HostRule, address: string): boolean {
  const literal = rule.host.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0) return true
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  if (own.check(address, family) || ofInterfaces().check(address, family)) return literal === 'localhost'
  return isExact(rule) || !inner.check(address, family)
}

/** What this machine is called on its networks, which may change while it runs. */
function ofInterfaces(): BlockList {
  const addresses = new BlockList()
  for (const { address, family } of Object.values(networkInterfaces()).flatMap((one) => one ?? [])) {
    addresses.addAddress(address, family === 'IPv6' ? 'ipv6' : 'ipv4')
  }
  return addresses
}
