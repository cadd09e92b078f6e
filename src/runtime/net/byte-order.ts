/**
 * Network byte order (big-endian) to and from that of BPF programs' machines, which is little-endian wherever objects
 * load. A `__be16` or `__be32` read as a number is what these functions take and give, as in C.
 */

/** @throws {RangeError} unless a whole number of 16 bits */
export function htons(host: number): number {
  const value = unsigned(host, 16)
  return ((value & 0xff) << 8) | (value >> 8)
}

/** @throws {RangeError} unless a whole number of 16 bits */
export const ntohs: (network: number) => number = htons

/** @throws {RangeError} unless a whole number of 32 bits */
export function htonl(host: number): number {
  const value = unsigned(host, 32)
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0
}

/** @throws {RangeError} unless a whole number of 32 bits */
export const ntohl: (network: number) => number = htonl

/**
 * Of 64 bits, `bpf_cpu_to_be64`.
 * @throws {RangeError} unless a bigint of 64 bits or a safe integer from 0 on
 */
export function htonll(host: bigint | number): bigint {
  if (typeof host === 'number' && !Number.isSafeInteger(host)) throw outOfRange(host, 64)
  const value = BigInt(host)
  if (value !== BigInt.asUintN(64, value)) throw outOfRange(value, 64)
  const low = htonl(Number(value & 0xffff_ffffn))
  return (BigInt(low) << 32n) | BigInt(htonl(Number(value >> 32n)))
}

/** @throws {RangeError} unless a bigint of 64 bits or a safe integer from 0 on */
export const ntohll: (network: bigint | number) => bigint = htonll

/** @throws {RangeError} @internal */
export function unsigned(value: number, bits: 8 | 16 | 32): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) throw outOfRange(value, bits)
  return value
}

function outOfRange(value: number | bigint, bits: number): RangeError {
  return new RangeError(`${String(value)} is no unsigned whole number of ${bits} bits`)
}
