import { unsupported } from '../host/error.ts'
import type { KernelBtf } from './kernel-btf.ts'
import { everyBtf } from './kernel-btf.ts'

/** The BTF declaration tag of kfuncs, which pahole 1.26 writes since kernel 6.9. */
const kfuncTag = 'bpf_kfunc'

/**
 * Returns whether the kernel or one of its modules has a kfunc. BTF does not tell which program types may call it.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` on a kernel without BTF, or one that has the function and marks no kfuncs
 */
export function kfunc(name: string): boolean {
  const title = `kfunc ${name}`
  for (const btf of everyBtf('look for', title)) {
    for (const id of btf.find(name, 'func')) {
      if (isTagged(btf, id)) return true
      if (!btf.find(kfuncTag, 'decl_tag').next().done) continue
      throw unsupported(
        'probe',
        title,
        'the kernel has a function of this name, and its BTF does not mark kfuncs (kernels since 6.9 do)',
        'Declare it __weak in C, and test it there with bpf_ksym_exists()',
      )
    }
  }
  return false
}

function isTagged(btf: KernelBtf, id: number): boolean {
  for (const tag of btf.find(kfuncTag, 'decl_tag')) {
    if (btf.type(tag).type === id) return true
  }
  return false
}
