import { vmlinuxText } from '../compile/vmlinux/header-text.ts'
import { type Flags, one } from './flags.ts'
import { writeOutput } from './output.ts'
import { readBtfFile } from './read-btf.ts'

export async function genVmlinux(flags: Flags): Promise<void> {
  const btf = readBtfFile(one(flags, 'btf') ?? '/sys/kernel/btf/vmlinux')
  return writeOutput(one(flags, 'o'), vmlinuxText(btf, { sort: flags['sort'] === true }))
}
