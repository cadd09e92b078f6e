import type { Ipv4Address } from './ipv4.ts'
import { formatIpv4, parseIpv4Bytes } from './ipv4.ts'
import type { Ipv6Address } from './ipv6.ts'
import { formatIpv6, parseIpv6 } from './ipv6.ts'

/**
 * Of either family: a number or 4 bytes are IPv4. Four words of 32 bits look like 4 bytes: for those there is
 * formatIpv6().
 * @throws {RangeError} for what is no address
 */
export function formatIp(address: Ipv4Address | Ipv6Address): string {
  if (typeof address === 'number') return formatIpv4(address)
  if (typeof address === 'bigint' || address.length !== 4) return formatIpv6(address)
  return formatIpv4(address)
}

/** The 4 or 16 bytes in network order. @throws {SyntaxError} for what is no address */
export function parseIp(text: string): Uint8Array {
  return text.includes(':') ? parseIpv6(text) : parseIpv4Bytes(text)
}

export interface Prefix {
  /** Bits, `prefixlen` of the kernel's LPM trie keys. */
  readonly length: number
  /** 4 or 16 bytes in network order, zero behind the prefix. */
  readonly address: Uint8Array
}

/** `10.0.0.0/8`; an address alone is its own prefix. @throws {SyntaxError} for what is no prefix */
export function parsePrefix(text: string): Prefix {
  const [addressText = '', lengthText, ...more] = text.split('/')
  const address = parseIp(addressText)
  const bits = address.length * 8
  const length = lengthText === undefined ? bits : Number(lengthText)
  if (
    more.length > 0 ||
    !/^(\d{1,3})?$/.test(lengthText ?? '') ||
    lengthText === '' ||
    length > bits
  ) {
    throw new SyntaxError(`${JSON.stringify(text)} is no prefix like 10.0.0.0/8`)
  }
  return {
    length,
    address: address.map((byte, index) => {
      const kept = Math.min(8, Math.max(0, length - index * 8))
      return byte & (0xff00 >> kept)
    }),
  }
}
