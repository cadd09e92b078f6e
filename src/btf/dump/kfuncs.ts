import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import { declaration } from './declaration.ts'
import type { Dump } from './dump.ts'

/** Prototypes of the functions that the kernel tags as callable from BPF, by name. */
export function kfuncPrototypes(dump: Dump): string {
  const { table } = dump.btf
  const tagged = taggedFunctions(table)
  const kfuncs = (tagged.get('bpf_kfunc') ?? [])
    .map((id) => ({ id, name: table.name(id) }))
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
  const fastcalls = new Set(tagged.get('bpf_fastcall'))
  let text = '\n/* BPF kfuncs */\n#ifndef BPF_NO_KFUNC_PROTOTYPES\n'
  for (const { id, name } of kfuncs) {
    const attribute = fastcalls.has(id) ? '__bpf_fastcall ' : ''
    text += `extern ${attribute}${declaration(dump, table.target(id), name)} __weak __ksym;\n`
  }
  return `${text}#endif\n\n`
}

/** Functions by the tags that they bear themselves, not a parameter of theirs. */
function taggedFunctions(table: TypeTable): Map<string, TypeId[]> {
  const functions = new Map<string, TypeId[]>()
  for (let id = 1; id < table.length; id++) {
    if (table.kind(id) !== 'decl_tag' || table.component(id) !== -1) continue
    const target = table.target(id)
    if (table.kind(target) !== 'func') continue
    const tag = table.name(id)
    functions.set(tag, [...(functions.get(tag) ?? []), target])
  }
  return functions
}
