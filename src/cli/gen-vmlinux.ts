import { vmlinuxText } from '../compile/vmlinux/header-text.ts'
import { type Flags, one } from './flags.ts'
import { writeOutput } from './output.ts'
import { readBtfFile } from './read-btf.ts'

/** Prints vmlinux.h. */
export async function genVmlinux(flags: Flags): Promise<void> {
  const file = one(flags, 'btf') ?? '/sys/kernel/btf/vmlinux'
  const header = vmlinuxText(readBtfFile(file), { sort: flags['sort'] === true })
  return writeOutput(one(flags, 'o'), header, [file])
}
