import type { LookupAddress } from 'node:dns'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { Denial } from '../../proxy/core/denial/denial.ts'
import { mayReach, pinnedLookup, type PinOptions, type ResolveName } from '../../proxy/upstream/address.ts'

const NOBODY = { isOurs: () => false }

const failing: ResolveName = (_hostname, done) => done(new Error('SERVFAIL'), [])

function answering(...answers: string[][]): { resolve: ResolveName; asked: () => number } {
  let asked = 0
  return {
    resolve: (_hostname, done) => {
      const answer = answers[Math.min(asked, answers.length - 1)] ?? []
      asked += 1
      done(
        null,
        answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    },
    asked: () => asked,
  }
}

function look(options: PinOptions, all = false): Promise<string | readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    pinnedLookup(options)('sqs.us-east-1.amazonaws.com', { all }, (error, address) => {
      if (error === null) resolve(address)
      else reject(error)
    })
  })
}

describe('mayReach', () => {
  it.each([
    ['loopback', '127.0.0.1', '127.255.255.254', '::1'],
    ['this network, nobody', '0.0.0.0', '0.1.2.3', '::'],
    ['instance metadata', '169.254.169.254', 'fd00:ec2::254', '169.254.170.2', 'fd00:ec2::23'],
    ['link-local', '169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%lo'],
    ['multicast, broadcast', '224.0.0.1', '239.1.1.1', '255.255.255.255', 'ff02::1'],
    [
      'IPv4 inside IPv6',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::ffff:7f00:1',
      '0:0:0:0:0:ffff:808:808',
      '::127.0.0.1',
    ],
    ['translated IPv4', '64:ff9b::7f00:1', '2002:7f00:1::', '2001:0:1::1'],
    ['no address', '', 'localhost', '127.1', '0x7f.1', '2130706433', '1.2.3.4/8'],
  ])('never reaches %s', (_name, ...addresses) => {
    for (const address of addresses) {
      expect(mayReach(address, { allowPrivate: false, ...NOBODY }), address).toBe(false)
      expect(mayReach(address, { allowPrivate: true, ...NOBODY }), address).toBe(false)
    }
  })

  it('reaches private addresses only where the configuration says so', () => {
    for (const address of [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '100.64.0.1',
      'fd12::1',
      'fc00::1',
    ]) {
      expect(mayReach(address, { allowPrivate: false, ...NOBODY }), address).toBe(false)
      expect(mayReach(address, { allowPrivate: true, ...NOBODY }), address).toBe(true)
    }
  })

  it('reaches public addresses', () => {
    for (const address of [
      '52.94.236.1',
      '172.32.0.1',
      '100.128.0.1',
      '11.0.0.1',
      '2600:1f18::1',
      '2a05:d018::1',
    ]) {
      expect(mayReach(address, { allowPrivate: false, ...NOBODY }), address).toBe(true)
    }
  })

  it('never reaches an address of this machine', () => {
    for (const each of Object.values(networkInterfaces()).flat()) {
      if (each !== undefined) expect(mayReach(each.address, { allowPrivate: true }), each.address).toBe(false)
    }
    expect(
      mayReach('52.94.236.1', { allowPrivate: false, isOurs: (address) => address === '52.94.236.1' }),
    ).toBe(false)
  })
})

describe('pinnedLookup', () => {
  const options = { allowPrivate: false, ...NOBODY }

  it('asks once and gives the one address that was checked', async () => {
    const { resolve, asked } = answering(['52.94.236.1', '52.94.236.2'], ['127.0.0.1'])
    expect(await look({ ...options, resolve }, true)).toEqual([{ address: '52.94.236.1', family: 4 }])
    expect(asked()).toBe(1)
  })

  it('refuses an answer that has changed to an address of this machine', async () => {
    const { resolve } = answering(['52.94.236.1'], ['127.0.0.1'])
    expect(await look({ ...options, resolve })).toBe('52.94.236.1')
    await expect(look({ ...options, resolve })).rejects.toMatchObject({ reason: 'endpoint_refused' })
  })

  it('refuses a whole answer for one bad address in it', async () => {
    const { resolve } = answering(['52.94.236.1', '169.254.169.254'])
    await expect(look({ ...options, resolve })).rejects.toBeInstanceOf(Denial)
  })

  it('tells the agent no address', async () => {
    const { resolve } = answering(['10.1.2.3'])
    await expect(look({ ...options, resolve })).rejects.not.toThrow(/10\.1\.2\.3/)
  })

  it('fails for a name without an address, and passes on what the resolver says', async () => {
    await expect(look({ ...options, ...answering([]) })).rejects.toThrow('has no address')
    await expect(look({ ...options, resolve: failing })).rejects.toThrow('SERVFAIL')
  })

  it('refuses localhost by the resolver of this machine', async () => {
    const lookup = pinnedLookup({ allowPrivate: true })
    const error = await new Promise((resolve) => lookup('localhost', {}, resolve))
    expect(error).toMatchObject({ reason: 'endpoint_refused' })
  })
})
