import { readFileSync } from 'node:fs'

import { type RawBtf, readBtf, readBtfOf } from '../btf/btf.ts'
import { readElf } from '../elf/elf.ts'
import { describeNonElf, isElf } from '../elf/magic.ts'
import { Failure } from './failure.ts'

/** Reads raw BTF, or the BTF of an ELF file: an object or a vmlinux. */
export function readBtfFile(file: string): RawBtf {
  // Read at once: reading the kernel's BTF in pieces is many times slower.
  const { buffer, byteOffset, length } = readFileSync(file)
  const bytes = new Uint8Array(buffer, byteOffset, length)
  if (isBtf(bytes)) return readBtf(bytes)
  if (!isElf(bytes)) {
    const instead = describeNonElf(bytes)
    throw new Failure(`${file} is neither BTF nor an ELF file${instead ? `; ${instead}` : ''}`)
  }
  const btf = readBtfOf(readElf(bytes))
  if (!btf) throw new Failure(`${file}: there is no .BTF section. Compile it with -g`)
  return btf
}

/** Whether bytes begin with the magic 0xeB9F, in either byte order (include/uapi/linux/btf.h). */
function isBtf(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x9f && bytes[1] === 0xeb) || (bytes[0] === 0xeb && bytes[1] === 0x9f)
}
