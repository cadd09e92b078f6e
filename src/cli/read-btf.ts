import { readFileSync } from 'node:fs'

import { type RawBtf, readBtf, readBtfOf } from '../btf/btf.ts'
import { readElf } from '../elf/elf.ts'
import { describeNonElf, isElf } from '../elf/magic.ts'
import { Failure } from './failure.ts'

/** BTF from a file that holds nothing else, or from the .BTF section of an ELF file: an object or a vmlinux. */
export function readBtfFile(file: string): RawBtf {
  // All at once: the kernel's is many times slower in pieces.
  const { buffer, byteOffset, length } = readFileSync(file)
  const bytes = new Uint8Array(buffer, byteOffset, length)
  if (isBtf(bytes)) return readBtf(bytes)
  if (!isElf(bytes)) {
    const instead = describeNonElf(bytes)
    throw new Failure(`${file}: neither BTF nor an ELF file${instead ? `; ${instead}` : ''}`)
  }
  const btf = readBtfOf(readElf(bytes))
  if (!btf) throw new Failure(`${file}: no .BTF section; compile it with -g`)
  return btf
}

/** The magic 0xeB9F, in either byte order (include/uapi/linux/btf.h). */
function isBtf(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x9f && bytes[1] === 0xeb) || (bytes[0] === 0xeb && bytes[1] === 0x9f)
}
