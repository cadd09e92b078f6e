import { unsigned } from './byte-order.ts'

/**
 * As programs keep one: a `__be32` (`iphdr.saddr`, `in_addr.s_addr`) that was read as a number, so that its first byte
 * is the lowest; or its 4 bytes.
 */
export type Ipv4Address = number | Uint8Array | readonly number[]

/** `formatIpv4(0x0100007f)` is `127.0.0.1`. @throws {RangeError} for what is no IPv4 address */
export function formatIpv4(address: Ipv4Address): string {
  return ipv4Bytes(address).join('.')
}

/**
 * The number to write to a `__be32`.
 * @throws {SyntaxError} unless four decimal numbers without leading zeros, which inet_aton(3) would take for octal
 */
export function parseIpv4(text: string): number {
  const [a = 0, b = 0, c = 0, d = 0] = parseIpv4Bytes(text)
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

/** The 4 bytes in network order. @throws {RangeError} for what is no IPv4 address */
export function ipv4Bytes(address: Ipv4Address): Uint8Array {
  if (typeof address === 'number') {
    const value = unsigned(address, 32)
    return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
  }
  if (address.length !== 4) {
    throw new RangeError(`an IPv4 address has 4 bytes, not ${address.length}`)
  }
  return Uint8Array.from(address, (byte) => unsigned(byte, 8))
}

/** @throws {SyntaxError} as parseIpv4 @internal */
export function parseIpv4Bytes(text: string): Uint8Array {
  const parts = text.split('.')
  const decimal = /^(0|[1-9]\d{0,2})$/
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part) && Number(part) < 256)) {
    throw new SyntaxError(`${JSON.stringify(text)} is no IPv4 address like 192.0.2.1`)
  }
  return Uint8Array.from(parts, Number)
}
