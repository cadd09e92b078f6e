import type { RawBtf } from '../../btf/btf.ts'
import { dumpC, type DumpOptions } from '../../btf/dump-c.ts'
import { kernelFlags } from './kernel-flags.ts'

/** The text of a kernel's vmlinux.h: its types as bpftool prints them, under the flags that they need elsewhere. */
export function vmlinuxText(btf: RawBtf, options?: DumpOptions): string {
  return `${HEAD}${dumpC(btf, options)}`
}

const HEAD = `/*
 * Compile with ${kernelFlags.join(' ')}
 *
 * Structs of Linux 6.19 and newer have members without a name whose type has a tag. Without these flags they are lost,
 * and sizes and offsets are wrong. unplugin-bpf gives the flags itself.
 */
`
