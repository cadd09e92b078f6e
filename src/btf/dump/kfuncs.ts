import { typeAt } from '../btf.ts'
import type { Func } from '../types.ts'
import { declaration } from './declaration.ts'
import type { Dump } from './dump.ts'

/** Prototypes of the functions that the kernel tags as callable from BPF, by name. */
export function kfuncPrototypes(dump: Dump): string {
  const kfuncs = tagged(dump, 'bpf_kfunc').toSorted((a, b) =>
    a.name < b.name ? -1 : Number(a.name > b.name),
  )
  const fastcalls = new Set(tagged(dump, 'bpf_fastcall'))
  let text = '\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n'
  for (const kfunc of kfuncs) {
    const attribute = fastcalls.has(kfunc) ? '__bpf_fastcall ' : ''
    text += `extern ${attribute}${declaration(dump, kfunc.target, kfunc.name)} __weak __ksym;\n`
  }
  return `${text}#endif\n\n`
}

function tagged(dump: Dump, tag: string): Func[] {
  const functions: Func[] = []
  for (const type of dump.btf.types) {
    if (type.kind !== 'decl_tag' || type.name !== tag || type.component !== -1) continue
    const target = typeAt(dump.btf, type.target)
    if (target.kind === 'func') functions.push(target)
  }
  return functions
}
