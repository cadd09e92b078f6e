/**
 * Converts between network byte order (big-endian) and that of the machines on which objects load, which is
 * little-endian. A `__be16` or `__be32` that was read as a number is what these functions take and return, as in C.
 */

/** Swaps 16 bits. @throws {RangeError} unless `host` is an unsigned 16-bit integer */
export function htons(host: number): number {
  const value = requireUnsigned(host, 16)
  return ((value & 0xff) << 8) | (value >> 8)
}

/** Swaps 16 bits. @throws {RangeError} unless `network` is an unsigned 16-bit integer */
export const ntohs: (network: number) => number = htons

/** Swaps 32 bits. @throws {RangeError} unless `host` is an unsigned 32-bit integer */
export function htonl(host: number): number {
  const value = requireUnsigned(host, 32)
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}

/** Swaps 32 bits. @throws {RangeError} unless `network` is an unsigned 32-bit integer */
export const ntohl: (network: number) => number = htonl

/**
 * Swaps 64 bits, as `bpf_cpu_to_be64`.
 * @throws {RangeError} unless `host` is an unsigned 64-bit bigint or a safe integer of 0 or more
 */
export function htonll(host: bigint | number): bigint {
  if (typeof host === 'number' && !Number.isSafeInteger(host)) throw outOfRange(host, 64)
  const value = BigInt(host)
  if (value !== BigInt.asUintN(64, value)) throw outOfRange(value, 64)
  const low = htonl(Number(value & 0xffff_ffffn))
  return (BigInt(low) << 32n) | BigInt(htonl(Number(value >> 32n)))
}

/** Swaps 64 bits. @throws {RangeError} unless `network` is an unsigned 64-bit bigint or a safe integer of 0 or more */
export const ntohll: (network: bigint | number) => bigint = htonll

/** Returns the value. @throws {RangeError} unless it is an unsigned integer of these bits @internal */
export function requireUnsigned(value: number, bits: 8 | 16 | 32): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw outOfRange(value, bits)
  return value
}

function outOfRange(value: number | bigint, bits: number): RangeError {
  return new RangeError(`${String(value)} is not an unsigned ${bits}-bit integer`)
}
