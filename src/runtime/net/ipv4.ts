import { requireUnsigned } from './byte-order.ts'

/**
 * An IPv4 address as programs store it: a `__be32` (`iphdr.saddr`, `in_addr.s_addr`) that was read as a number, whose
 * lowest byte is the first; or its 4 bytes.
 */
export type Ipv4Address = number | Uint8Array | readonly number[]

/** Formats an address: `formatIpv4(0x0100007f)` is `127.0.0.1`. @throws {RangeError} unless it is an IPv4 address */
export function formatIpv4(address: Ipv4Address): string {
  return ipv4Bytes(address).join('.')
}

/**
 * Parses an address to the number that is written to a `__be32`.
 * @throws {SyntaxError} unless it is four decimal numbers without leading zeros, which inet_aton(3) reads as octal
 */
export function parseIpv4(text: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = parseIpv4Bytes(text)
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

/** Returns the 4 bytes in network order. @throws {RangeError} unless it is an IPv4 address */
export function ipv4Bytes(address: Ipv4Address): Uint8Array {
  if (typeof address === 'number') {
    const value = requireUnsigned(address, 32)
    return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
  }
  if (address.length !== 4) {
    throw new RangeError(`an IPv4 address has 4 bytes, not ${address.length}`)
  }
  return Uint8Array.from(address, (byte) => requireUnsigned(byte, 8))
}

/** Parses an address to its 4 bytes. @throws {SyntaxError} as parseIpv4 @internal */
export function parseIpv4Bytes(text: string): Uint8Array {
  const parts = text.split('.')
  const decimal = /^(0|[1-9]\d{0,2})$/
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256)) {
    throw new SyntaxError(`${JSON.stringify(text)} is not an IPv4 address like 192.0.2.1`)
  }
  return Uint8Array.from(parts, Number)
}
