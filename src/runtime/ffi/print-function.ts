import { koffi } from './koffi.ts'
import {
  calloc,
  functionAddress,
  getpagesize,
  memcpyOut,
  mprotect,
  munmap,
  PROT_EXEC,
  PROT_READ,
} from './libc.ts'
import { reserve } from './mapping.ts'

/**
 * A print function for libbpf (libbpf.h: libbpf_print_fn_t) that runs on whatever thread, since no JavaScript is in
 * it: what is printed goes to a file. Neither it nor its table is ever freed.
 */
export interface PrintFunction {
  readonly address: number
  /** Descriptors by level: warn, info, debug. -1: nowhere. */
  readonly files: Int32Array
}

const levels = 3

/** Undefined on other architectures, and where no memory may be made executable. */
export function printFunction(): PrintFunction | undefined {
  const table = calloc(levels, Int32Array.BYTES_PER_ELEMENT)
  const code = printCode(process.arch, table, functionAddress(0, 'vdprintf'))
  if (!code) return undefined
  const memory = reserve(getpagesize())
  if (!memory) return undefined
  const { address, length } = memory
  memcpyOut(address, code, code.length)
  if (mprotect(address, length, PROT_READ | PROT_EXEC) < 0) {
    munmap(address, length)
    return undefined
  }
  const bytes = levels * Int32Array.BYTES_PER_ELEMENT
  const files = new Int32Array(koffi().view(BigInt(table), bytes)).fill(-1)
  return { address, files }
}

/**
 * Machine code that replaces the level, which is the first parameter, by the descriptor in the table, and goes on in
 * `int vdprintf(int fd, const char *format, va_list)`.
 */
export function printCode(arch: string, table: number, vdprintf: number): Uint8Array | undefined {
  switch (arch) {
    case 'x64':
      // mov edi, edi; mov rax, table; mov edi, [rax + 4*rdi]; mov rax, vdprintf; jmp rax
      return bytes('89ff48b8', table, '8b3cb848b8', vdprintf, 'ffe0')
    case 'arm64':
      // ldr x9, table; ldr w0, [x9, w0, uxtw #2]; ldr x16, vdprintf; br x16; the two words
      return bytes('89000058205960b89000005800021fd6', table, vdprintf)
    default:
      return undefined
  }
}

/** Of hexadecimal digits, and of 64-bit words. */
function bytes(...parts: readonly (string | number)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === 'string'
        ? Buffer.from(part, 'hex')
        : Buffer.from(BigUint64Array.of(BigInt(part)).buffer),
    ),
  )
}
