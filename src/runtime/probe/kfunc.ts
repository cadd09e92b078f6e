import { unsupported } from '../host/error.ts'
import type { KernelBtf } from './kernel-btf.ts'
import { everyBtf } from './kernel-btf.ts'

/** tools/bpf/resolve_btfids and pahole 1.26 mark them so, kernel 6.9. */
const tag = 'bpf_kfunc'

/**
 * Whether the kernel or one of its modules offers a function to BPF programs. Which kinds of programs may call it, BTF
 * does not tell.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` of a kernel without BTF, or one that has the function and marks no kfuncs
 */
export function kfunc(name: string): boolean {
  const title = `kfunc ${name}`
  for (const btf of everyBtf('look for', title)) {
    for (const id of btf.find(name, 'func')) {
      if (isTagged(btf, id)) return true
      if (!btf.find(tag, 'decl_tag').next().done) continue
      throw unsupported(
        'probe',
        title,
        'the kernel has a function of the name, and its BTF does not mark those that BPF programs may call',
        'Kernels from 6.9 on do. Declare it __weak in C, and test it with bpf_ksym_exists().',
      )
    }
  }
  return false
}

function isTagged(btf: KernelBtf, id: number): boolean {
  for (const each of btf.find(tag, 'decl_tag')) {
    if (btf.type(each).type === id) return true
  }
  return false
}
