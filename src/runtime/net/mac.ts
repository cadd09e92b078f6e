import { requireUnsigned } from './byte-order.ts'

/** Formats an address, such as `ethhdr.h_source`, as `02:00:5e:10:00:00`. @throws {RangeError} unless it is 6 bytes */
export function formatMac(address: Uint8Array | readonly number[]): string {
  if (address.length !== 6) {
    throw new RangeError(`a MAC address has 6 bytes, not ${address.length}`)
  }
  return Array.from(address, (byte) => requireUnsigned(byte, 8).toString(16).padStart(2, '0')).join(
    ':',
  )
}

/** Parses an address to its 6 bytes. @throws {SyntaxError} unless it is six hexadecimal pairs, joined by colons or hyphens */
export function parseMac(text: string): Uint8Array {
  const pairs = /^[0-9a-f]{2}([:-])([0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(text)
    ? text.split(/[:-]/)
    : []
  if (pairs.length !== 6) {
    throw new SyntaxError(`${JSON.stringify(text)} is not a MAC address like 02:00:5e:10:00:00`)
  }
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
}
