import { ELF_MAGIC } from '../uapi/elf.ts'

/** Returns whether the bytes start as an ELF file does. */
export function isElf(bytes: Uint8Array): boolean {
  return startsWith(bytes, ...ELF_MAGIC)
}

/** Says what a file that is not ELF is, and what to do: `it is LLVM bitcode: …`; undefined when that is not known. */
export function describeNonElf(bytes: Uint8Array): string | undefined {
  // llvm/BinaryFormat/Magic.cpp: 'BC' 0xC0DE, or the header that wraps it.
  const isBitcode =
    startsWith(bytes, 0x42, 0x43, 0xc0, 0xde) || startsWith(bytes, 0xde, 0xc0, 0x17, 0x0b)
  return isBitcode
    ? 'it is LLVM bitcode: compile without -emit-llvm and -flto, or make an object of it with llc -march=bpf -filetype=obj'
    : undefined
}

function startsWith(bytes: Uint8Array, ...magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}
