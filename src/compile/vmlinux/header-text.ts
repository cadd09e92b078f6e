import type { RawBtf } from '../../btf/btf.ts'
import { dumpC, type DumpOptions } from '../../btf/dump-c.ts'
import { kernelFlags } from './kernel-flags.ts'

/** Returns the text of a kernel's vmlinux.h: its types as bpftool prints them, below a comment about the flags that they need. */
export function vmlinuxText(btf: RawBtf, options?: DumpOptions): string {
  return `${HEAD}${dumpC(btf, options)}`
}

const HEAD = `/*
 * Compile with ${kernelFlags.join(' ')}
 *
 * Structs of Linux 6.19 and newer have unnamed members of tagged types. Without these flags such members are lost, and
 * sizes and offsets are wrong. unplugin-bpf passes the flags itself.
 */
`
