import { isIPv4, isIPv6, SocketAddress } from 'node:net'

import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'

import {
  etherTypeName,
  formatIp,
  formatIpv4,
  formatIpv6,
  formatMac,
  htonl,
  htonll,
  htons,
  ipProtocolName,
  ipv4Bytes,
  ipv6Bytes,
  ipv6Words,
  mapIpv4,
  ntohl,
  ntohll,
  ntohs,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseMac,
  parsePrefix,
  unmapIpv4,
} from '../../../src/runtime/net/addresses.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** What Node says of the same 16 bytes, without the brackets of a URL. */
const byNode = (text: string): string =>
  new SocketAddress({ address: text, family: 'ipv6' }).address

const prefix = (text: string): [number, string] => {
  const { length, address } = parsePrefix(text)
  return [length, formatIp(address)]
}

describe('byte order', () => {
  test('swaps as C does on the machines that load programs', () => {
    expect(htons(0x1234)).toBe(0x3412)
    expect(htonl(0x01020384)).toBe(0x84030201)
    expect(htonll(0x0102030405060788n)).toBe(0x8807060504030201n)
    expect(htonll(1)).toBe(1n << 56n)
  })

  test('goes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (value) => ntohs(htons(value)) === value),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff_ffff }),
        (value) => ntohl(htonl(value)) === value,
      ),
    )
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        (value) => ntohll(htonll(value)) === value,
      ),
    )
  })

  test.each([
    () => htons(0x10000),
    () => htons(-1),
    () => htonl(1.5),
    () => htonl(2 ** 32),
    () => htonll(-1n),
    () => htonll(2n ** 64n),
    () => htonll(2 ** 53),
  ])('refuses what has no such width: %s', (call) => {
    expect(call).toThrow(RangeError)
  })
})

describe('IPv4', () => {
  test('is a number whose lowest byte comes first, or bytes', () => {
    expect(formatIpv4(0x0100007f)).toBe('127.0.0.1')
    expect(formatIpv4(0xffff_ffff)).toBe('255.255.255.255')
    expect(formatIpv4(Uint8Array.of(192, 0, 2, 1))).toBe('192.0.2.1')
    expect(formatIpv4([10, 0, 0, 200])).toBe('10.0.0.200')
    expect(parseIpv4('127.0.0.1')).toBe(0x0100007f)
    expect(parseIpv4('1.2.3.255')).toBe(0xff030201)
    expect([...ipv4Bytes(0x0100007f)]).toEqual([127, 0, 0, 1])
  })

  test.each([
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.',
    ' 1.2.3.4',
    '1.2.3.4\n',
    'x',
  ])('text %j is none', (text) => {
    expect(() => parseIpv4(text)).toThrow(SyntaxError)
    expect(isIPv4(text)).toBe(false)
  })

  test.each([[-1], [2 ** 32], [Uint8Array.of(1, 2, 3)], [[1, 2, 3, 256]]])(
    '%j is none',
    (address) => expect(() => formatIpv4(address)).toThrow(RangeError),
  )
})

describe('IPv6', () => {
  test.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:db8::1', '20010db8000000000000000000000001'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
    ['1:0:0:2::3', '00010000000000020000000000000003'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
    ['64:ff9b::c000:201', '0064ff9b0000000000000000c0000201'],
    ['0:0:1::', '00000000000100000000000000000000'],
  ])('%s is %s', (text, bytes) => {
    expect(hex(parseIpv6(text))).toBe(bytes)
    expect(formatIpv6(Buffer.from(bytes, 'hex'))).toBe(text)
    expect(byNode(text)).toBe(byNode(formatIpv6(parseIpv6(text))))
  })

  test('is read in other spellings', () => {
    expect(formatIpv6(parseIpv6('2001:DB8:0:0:0:0:0:0001'))).toBe('2001:db8::1')
    expect(formatIpv6(parseIpv6('::192.0.2.1'))).toBe('::c000:201')
    expect(formatIpv6(parseIpv6('1:2:3:4:5:6:7::'))).toBe('1:2:3:4:5:6:7:0')
  })

  test.each([
    '',
    ':',
    ':::',
    '1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'g::',
    '::1%eth0',
    '1.2.3.4',
    '1.2.3.4::',
    '1:',
    ':1',
    '::1:',
  ])('text %j is none', (text) => {
    expect(() => parseIpv6(text)).toThrow(SyntaxError)
    if (!text.includes('%')) expect(isIPv6(text)).toBe(false)
  })

  test('is the same in every shape that programs keep', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const own = new Uint8Array(bytes)
        const data = new DataView(own.buffer)
        const text = formatIpv6(own)
        const words = Array.from({ length: 8 }, (_, index) => data.getUint16(index * 2, true))
        const number = (data.getBigUint64(8, true) << 64n) | data.getBigUint64(0, true)
        expect([formatIpv6(ipv6Words(own)), formatIpv6(words), formatIpv6(number)]).toEqual(
          Array.from({ length: 3 }, () => text),
        )
        expect(hex(parseIpv6(text))).toBe(hex(own))
        expect(isIPv6(text)).toBe(true)
        expect(hex(parseIpv6(byNode(text)))).toBe(hex(own))
      }),
    )
  })

  test.each([
    [new Uint8Array(15)],
    [-1n],
    [1n << 128n],
    [[1, 2, 3, 2 ** 32]],
    [[0, 0, 0, 0, 0, 0, 0, 0x10000]],
  ])('%s is none', (address) => expect(() => ipv6Bytes(address)).toThrow(RangeError))

  test('holds IPv4 addresses, mapped', () => {
    expect(formatIpv6(mapIpv4(0x0100007f))).toBe('::ffff:127.0.0.1')
    expect([...(unmapIpv4(mapIpv4(0x0100007f)) ?? [])]).toEqual([127, 0, 0, 1])
    expect(unmapIpv4(parseIpv6('::1'))).toBeUndefined()
  })
})

describe('either family', () => {
  test('goes by what it is', () => {
    expect(formatIp(0x0100007f)).toBe('127.0.0.1')
    expect(formatIp(Uint8Array.of(1, 2, 3, 4))).toBe('1.2.3.4')
    expect(formatIp(new Uint8Array(16))).toBe('::')
    expect(formatIp(1n << 120n)).toBe('::1')
    expect(hex(parseIp('1.2.3.4'))).toBe('01020304')
    expect(parseIp('::1')).toHaveLength(16)
  })

  it('has prefixes, as LPM tries take them', () => {
    expect(prefix('10.1.2.3/8')).toEqual([8, '10.0.0.0'])
    expect(prefix('10.255.2.3/12')).toEqual([12, '10.240.0.0'])
    expect(prefix('10.1.2.3')).toEqual([32, '10.1.2.3'])
    expect(prefix('0.0.0.0/0')).toEqual([0, '0.0.0.0'])
    expect(prefix('2001:db8:ffff::/33')).toEqual([33, '2001:db8:8000::'])
    for (const text of [
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '/8',
    ]) {
      expect(() => parsePrefix(text), text).toThrow(SyntaxError)
    }
  })
})

describe('MAC addresses', () => {
  test('are six pairs', () => {
    expect(formatMac(Uint8Array.of(2, 0, 0x5e, 0x10, 0, 255))).toBe('02:00:5e:10:00:ff')
    expect([...parseMac('02:00:5E:10:00:ff')]).toEqual([2, 0, 0x5e, 0x10, 0, 255])
    expect([...parseMac('02-00-5e-10-00-ff')]).toEqual([2, 0, 0x5e, 0x10, 0, 255])
    for (const text of [
      '',
      '02:00:5e:10:00',
      '2:0:5e:10:0:ff',
      '02:00-5e:10:00:ff',
      '02:00:5e:10:00:fg',
    ]) {
      expect(() => parseMac(text), text).toThrow(SyntaxError)
    }
    expect(() => formatMac([1, 2, 3])).toThrow(RangeError)
  })
})

test('protocols have the names of their C constants', () => {
  expect([6, 17, 58, 200].map(ipProtocolName)).toEqual(['TCP', 'UDP', 'ICMPV6', undefined])
  expect(etherTypeName(ntohs(0xdd86))).toBe('IPV6')
})
