/** Checks the addresses that an upstream name resolves to (security rule S5). */
import { lookup as resolveByOs, type LookupAddress } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Denial } from '../core/denial/denial.ts'

type Subnet = readonly [network: string, prefixLength: number]

/** Lists addresses that are never an upstream: this machine, link-local, unspecified, multicast, and those that embed another address. */
const NEVER: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  // Amazon's own: instance metadata, DNS, time, container credentials. It is in the private range below.
  ['fd00:ec2::', 32],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
]

/** Lists the ranges of VPC endpoints; refused unless the configuration allows them. */
const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['fc00::', 7],
]

function blockList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList()
  for (const [network, prefixLength] of subnets) list.addSubnet(network, prefixLength, familyOf(network))
  return list
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

const never = blockList(NEVER)
const privately = blockList(PRIVATE)

/** Matches IPv4 inside IPv6, which no name server should return. Use it for IPv6 only: it matches every IPv4 address. */
const mapped = blockList([['::ffff:0:0', 96]])

function isThisMachine(address: string): boolean {
  return Object.values(networkInterfaces()).some((each) => each?.some((own) => own.address === address))
}

/** Says which addresses may be reached. */
export interface ReachOptions {
  /** True allows RFC 1918, carrier-grade NAT and unique local addresses, for VPC endpoints. */
  readonly allowPrivate: boolean
  /** Tells whether an address is one of ours; by default those of this machine's network interfaces. */
  readonly isOurs?: (address: string) => boolean
}

/** Tells whether an upstream name may resolve to this address. False for anything that is not an address. */
export function mayReach(address: string, { allowPrivate, isOurs = isThisMachine }: ReachOptions): boolean {
  if (isIP(address) === 0) return false
  const family = familyOf(address)
  if (family === 'ipv6' && mapped.check(address, family)) return false
  if (never.check(address, family)) return false
  if (!allowPrivate && privately.check(address, family)) return false
  return !isOurs(address)
}

export type ResolveName = (
  hostname: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

export interface PinOptions extends ReachOptions {
  readonly resolve?: ResolveName
}

const resolveOnce: ResolveName = (hostname, done) =>
  resolveByOs(hostname, { all: true, order: 'ipv4first' }, (error, addresses) => done(error, addresses ?? []))

/**
 * Returns a lookup for sockets. It resolves a name once and returns one checked address, so that the socket connects to
 * what was checked, whatever a second answer would be. If any address of the answer is not allowed, none is used: the
 * error is Denial `endpoint_refused`.
 */
export function pinnedLookup({ resolve = resolveOnce, ...reach }: PinOptions): LookupFunction {
  return function lookup(hostname, options, done) {
    resolve(hostname, (error, addresses) => {
      const [pinned] = addresses
      if (error !== null || pinned === undefined) {
        done(error ?? new Error(`${hostname} has no address`), '', 0)
      } else if (!addresses.every(({ address }) => mayReach(address, reach))) {
        done(
          new Denial('endpoint_refused', `${hostname} resolves to an address that Moderato may not reach.`),
          '',
          0,
        )
      } else if (options.all === true) {
        done(null, [pinned])
      } else {
        done(null, pinned.address, pinned.family)
      }
    })
  }
}
