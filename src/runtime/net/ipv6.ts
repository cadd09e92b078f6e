import { unsigned } from './byte-order.ts'
import { ipv4Bytes, parseIpv4Bytes } from './ipv4.ts'
import type { Ipv4Address } from './ipv4.ts'

/**
 * As programs keep one: 16 bytes (`in6_addr.in6_u.u6_addr8`); 4 words of 32 bits or 8 of 16 in network order
 * (`u6_addr32`, `bpf_sock_addr.user_ip6`); or the same memory read as an `unsigned __int128`.
 */
export type Ipv6Address = Uint8Array | readonly number[] | bigint

/** Shortest form, in lower case, IPv4-mapped ones dotted (RFC 5952). @throws {RangeError} for what is no IPv6 address */
export function formatIpv6(address: Ipv6Address): string {
  const bytes = ipv6Bytes(address)
  const mapped = unmapIpv4(bytes)
  if (mapped) return `::ffff:${mapped.join('.')}`
  const data = new DataView(bytes.buffer)
  const groups = Array.from({ length: 8 }, (_, index) => data.getUint16(index * 2))
  const hex = groups.map((group) => group.toString(16))
  const [start, length] = longestZeros(groups)
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The 16 bytes. @throws {SyntaxError} for what is no IPv6 address; one with a zone (`%eth0`) is none */
export function parseIpv6(text: string): Uint8Array {
  const [head = '', tail, ...more] = text.split('::')
  const before = groupsOf(head, tail === undefined)
  const after = tail === undefined ? [] : groupsOf(tail, true)
  const given = before && after && before.length + after.length
  // "::" stands for at least one group.
  if (given === undefined || more.length > 0 || (tail === undefined ? given !== 16 : given > 14)) {
    throw new SyntaxError(`${JSON.stringify(text)} is no IPv6 address like 2001:db8::1`)
  }
  const bytes = new Uint8Array(16)
  bytes.set(before ?? [])
  bytes.set(after ?? [], 16 - (after?.length ?? 0))
  return bytes
}

/** The 16 bytes in network order. @throws {RangeError} for what is no IPv6 address */
export function ipv6Bytes(address: Ipv6Address): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16)
  const data = new DataView(bytes.buffer)
  if (typeof address === 'bigint') {
    if (address !== BigInt.asUintN(128, address)) {
      throw new RangeError(`${address} is no unsigned whole number of 128 bits`)
    }
    data.setBigUint64(0, BigInt.asUintN(64, address), true)
    data.setBigUint64(8, address >> 64n, true)
    return bytes
  }
  // Words were read by a little-endian machine.
  switch (address.length) {
    case 16:
      for (const [index, byte] of address.entries()) bytes[index] = unsigned(byte, 8)
      return bytes
    case 8:
      for (const [index, word] of address.entries()) {
        data.setUint16(index * 2, unsigned(word, 16), true)
      }
      return bytes
    case 4:
      for (const [index, word] of address.entries()) {
        data.setUint32(index * 4, unsigned(word, 32), true)
      }
      return bytes
    default:
      throw new RangeError(
        `an IPv6 address has 16 bytes, or 8 or 4 words, not ${address.length} elements`,
      )
  }
}

/** Four words for a `__be32[4]`. @throws {RangeError} for what is no IPv6 address */
export function ipv6Words(address: Ipv6Address): [number, number, number, number] {
  const data = new DataView(ipv6Bytes(address).buffer)
  const word = (index: number): number => data.getUint32(index * 4, true)
  return [word(0), word(1), word(2), word(3)]
}

/** `::ffff:192.0.2.1` of 192.0.2.1, as sockets that speak both keep it. @throws {RangeError} */
export function mapIpv4(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set([0xff, 0xff], 10)
  bytes.set(ipv4Bytes(address), 12)
  return bytes
}

/** The 4 bytes of the IPv4 address inside an IPv4-mapped one; undefined of others. @throws {RangeError} */
export function unmapIpv4(address: Ipv6Address): Uint8Array | undefined {
  const bytes = ipv6Bytes(address)
  const prefix = bytes.subarray(0, 12)
  return prefix.every((byte, index) => byte === (index < 10 ? 0 : 0xff))
    ? bytes.slice(12)
    : undefined
}

/** The bytes of `2001:db8` or `ffff:192.0.2.1`; undefined when it is neither. */
function groupsOf(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else if (last && index === groups.length - 1 && group.includes('.')) {
      bytes.push(...parseIpv4Bytes(group))
    } else return undefined
  }
  return bytes
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0]
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best[1]) best = [start, index + 1 - start]
  }
  return best
}
