import { typeAt } from '../btf.ts'
import type { DeclTag, Func } from '../types.ts'
import { declaration } from './declaration.ts'
import type { Dump } from './dump.ts'

/** Prototypes of the functions that the kernel tags as callable from BPF, by name. */
export function kfuncPrototypes(dump: Dump): string {
  const tags = dump.btf.types.filter((type) => type.kind === 'decl_tag')
  const kfuncs = tagged(dump, tags, 'bpf_kfunc').toSorted((a, b) =>
    a.name < b.name ? -1 : Number(a.name > b.name),
  )
  const fastcalls = new Set(tagged(dump, tags, 'bpf_fastcall'))
  let text = '\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n'
  for (const kfunc of kfuncs) {
    const attribute = fastcalls.has(kfunc) ? '__bpf_fastcall ' : ''
    text += `extern ${attribute}${declaration(dump, kfunc.target, kfunc.name)} __weak __ksym;\n`
  }
  return `${text}#endif\n\n`
}

function tagged({ btf }: Dump, tags: readonly DeclTag[], tag: string): Func[] {
  return tags
    .filter(({ name, component }) => name === tag && component === -1)
    .map(({ target }) => typeAt(btf, target))
    .filter((target) => target.kind === 'func')
}
