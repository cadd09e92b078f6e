import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import { declaration } from './declaration.ts'
import type { Dump } from './dump.ts'

/** Returns prototypes of the functions that the kernel tags as callable from BPF, sorted by name. */
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

/** Groups functions by their declaration tags, those of parameters left out. */
function taggedFunctions(table: TypeTable): Map<string, TypeId[]> {
  const functions = new Map<string, TypeId[]>()
  for (const tag of table.tags) {
    const target = table.target(tag)
    if (table.component(tag) !== -1 || table.kind(target) !== 'func') continue
    const name = table.name(tag)
    const same = functions.get(name)
    if (same) same.push(target)
    else functions.set(name, [target])
  }
  return functions
}
