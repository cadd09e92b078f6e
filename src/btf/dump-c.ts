import type { RawBtf } from './btf.ts'
import { createDefinitions } from './dump/definitions.ts'
import { createDump } from './dump/dump.ts'
import { kfuncPrototypes } from './dump/kfuncs.ts'
import { Output } from './dump/output.ts'
import { sortedIds } from './dump/sort.ts'

export interface DumpOptions {
  /** Sorts by kind and name as bpftool does, which changes little between kernels, instead of by type id. */
  readonly sort?: boolean
}

/**
 * Prints every type as C, as bpftool 7.8 does with `btf dump … format c unsorted` (sorted: its default). For a kernel's BTF
 * that is vmlinux.h. Throws FormatError for types that C cannot express.
 */
export function dumpC(btf: RawBtf, { sort = false }: DumpOptions = {}): string {
  const dump = createDump(btf)
  const ids = sort ? sortedIds(dump) : [...btf.table.starts.keys()]
  const output = new Output()
  output.add(PRELUDE)
  // The first id is void unless they are sorted; bpftool leaves out the first one in both cases.
  for (const definition of createDefinitions(dump)(ids.slice(1))) output.add(definition)
  output.add(kfuncPrototypes(dump))
  output.add(POSTLUDE)
  return output.text()
}

const PRELUDE = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

#ifndef __ksym
#define __ksym __attribute__((section(".ksyms")))
#endif

#ifndef __weak
#define __weak __attribute__((weak))
#endif

#ifndef __bpf_fastcall
#if __has_attribute(bpf_fastcall)
#define __bpf_fastcall __attribute__((bpf_fastcall))
#else
#define __bpf_fastcall
#endif
#endif

`

const POSTLUDE = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif /* __VMLINUX_H__ */
`
