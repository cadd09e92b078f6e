import { requireUnsigned } from './byte-order.ts'
import { ipv4Bytes, parseIpv4Bytes } from './ipv4.ts'
import type { Ipv4Address } from './ipv4.ts'

/**
 * An IPv6 address as programs store it: 16 bytes (`in6_addr.in6_u.u6_addr8`); 4 words of 32 bits or 8 of 16 in network order
 * (`u6_addr32`, `bpf_sock_addr.user_ip6`); or the same memory read as an `unsigned __int128`.
 */
export type Ipv6Address = Uint8Array | readonly number[] | bigint

/** Formats an address by RFC 5952: shortest form, lower case, IPv4-mapped ones dotted. @throws {RangeError} unless it is an IPv6 address */
export function formatIpv6(address: Ipv6Address): string {
  const bytes = ipv6Bytes(address)
  const mapped = unmapIpv4(bytes)
  if (mapped) return `::ffff:${mapped.join('.')}`
  const data = new DataView(bytes.buffer)
  const groups = Array.from({ length: 8 }, (_, index) => data.getUint16(index * 2))
  const hex = groups.map((group) => group.toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** Parses an address to its 16 bytes. @throws {SyntaxError} unless it is an IPv6 address without a zone (`%eth0`) */
export function parseIpv6(text: string): Uint8Array {
  const [head = '', tail, ...rest] = text.split('::')
  const before = groupBytes(head, tail === undefined)
  const after = tail === undefined ? [] : groupBytes(tail, true)
  const given = before && after && before.length + after.length
  // "::" stands for at least one group.
  if (given === undefined || rest.length > 0 || (tail === undefined ? given !== 16 : given > 14)) {
    throw new SyntaxError(`${JSON.stringify(text)} is not an IPv6 address like 2001:db8::1`)
  }
  const bytes = new Uint8Array(16)
  bytes.set(before ?? [])
  bytes.set(after ?? [], 16 - (after?.length ?? 0))
  return bytes
}

/** Returns the 16 bytes in network order. @throws {RangeError} unless it is an IPv6 address */
export function ipv6Bytes(address: Ipv6Address): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16)
  const data = new DataView(bytes.buffer)
  if (typeof address === 'bigint') {
    if (address !== BigInt.asUintN(128, address)) {
      throw new RangeError(`${address} is not an unsigned 128-bit integer`)
    }
    data.setBigUint64(0, BigInt.asUintN(64, address), true)
    data.setBigUint64(8, address >> 64n, true)
    return bytes
  }
  // A little-endian machine has read the words.
  switch (address.length) {
    case 16:
      for (const [index, byte] of address.entries()) bytes[index] = requireUnsigned(byte, 8)
      return bytes
    case 8:
      for (const [index, word] of address.entries()) {
        data.setUint16(index * 2, requireUnsigned(word, 16), true)
      }
      return bytes
    case 4:
      for (const [index, word] of address.entries()) {
        data.setUint32(index * 4, requireUnsigned(word, 32), true)
      }
      return bytes
    default:
      throw new RangeError(
        `an IPv6 address has 16 bytes, or 8 or 4 words, not ${address.length} elements`,
      )
  }
}

/** Returns four words for a `__be32[4]`. @throws {RangeError} unless it is an IPv6 address */
export function ipv6Words(address: Ipv6Address): [number, number, number, number] {
  const data = new DataView(ipv6Bytes(address).buffer)
  const word = (index: number): number => data.getUint32(index * 4, true)
  return [word(0), word(1), word(2), word(3)]
}

/** Returns the IPv4-mapped form, `::ffff:192.0.2.1` for 192.0.2.1, which dual-stack sockets use. @throws {RangeError} */
export function mapIpv4(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes.set([0xff, 0xff], 10)
  bytes.set(ipv4Bytes(address), 12)
  return bytes
}

/** Returns the 4 bytes of the IPv4 address in an IPv4-mapped one; undefined for other addresses. @throws {RangeError} */
export function unmapIpv4(address: Ipv6Address): Uint8Array | undefined {
  const bytes = ipv6Bytes(address)
  const prefix = bytes.subarray(0, 12)
  return prefix.every((byte, index) => byte === (index < 10 ? 0 : 0xff))
    ? bytes.slice(12)
    : undefined
}

/**
 * Returns the bytes of groups such as `2001:db8`; undefined when they are malformed.
 * @param isEnd whether the address ends with them, so that the last may be dotted: `ffff:192.0.2.1`
 */
function groupBytes(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const groups = text.split(':')
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    } else if (isEnd && index === groups.length - 1 && group.includes('.')) {
      bytes.push(...parseIpv4Bytes(group))
    } else return undefined
  }
  return bytes
}

/** Finds the first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start }
  }
  return best
}
