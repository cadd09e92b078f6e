import type { Ipv4Address } from './ipv4.ts'
import { formatIpv4, parseIpv4Bytes } from './ipv4.ts'
import type { Ipv6Address } from './ipv6.ts'
import { formatIpv6, parseIpv6 } from './ipv6.ts'

/**
 * Formats an address of either family: a number or 4 bytes are IPv4. Use formatIpv6() for four words of 32 bits, which
 * look like 4 bytes.
 * @throws {RangeError} unless it is an address
 */
export function formatIp(address: Ipv4Address | Ipv6Address): string {
  if (typeof address === 'number') return formatIpv4(address)
  if (typeof address === 'bigint' || address.length !== 4) return formatIpv6(address)
  return formatIpv4(address)
}

/** Parses an address to its 4 or 16 bytes in network order. @throws {SyntaxError} unless it is an address */
export function parseIp(text: string): Uint8Array {
  return text.includes(':') ? parseIpv6(text) : parseIpv4Bytes(text)
}

export interface Prefix {
  /** Bits: `prefixlen` in the keys of LPM tries. */
  readonly length: number
  /** 4 or 16 bytes in network order, zero after the prefix. */
  readonly address: Uint8Array
}

/** Parses `10.0.0.0/8`. An address without a length is a prefix of all its bits. @throws {SyntaxError} unless it is a prefix */
export function parsePrefix(text: string): Prefix {
  const [addressText = '', lengthText, ...rest] = text.split('/')
  const address = parseIp(addressText)
  const bits = address.length * 8
  const length = lengthText === undefined ? bits : Number(lengthText)
  if (
    rest.length > 0 ||
    !/^(\d{1,3})?$/.test(lengthText ?? '') ||
    lengthText === '' ||
    length > bits
  ) {
    throw new SyntaxError(`${JSON.stringify(text)} is not a prefix like 10.0.0.0/8`)
  }
  return {
    length,
    address: address.map((byte, index) => {
      const prefixBits = Math.min(8, Math.max(0, length - index * 8))
      return byte & (0xff00 >> prefixBits)
    }),
  }
}
