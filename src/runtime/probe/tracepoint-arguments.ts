import { cType } from './c-type.ts'
import type { KernelBtf } from './kernel-btf.ts'
import { everyBtf } from './kernel-btf.ts'

export interface TracepointArgument {
  /** As the kernel's source calls it; undefined where its BTF does not tell. */
  readonly name: string | undefined
  /** In C: `struct task_struct *`. */
  readonly type: string
}

/** Functions of a tracepoint that have names for its arguments; their first parameter is `void *__data`. */
const functions = ['__traceiter_', '__probestub_', '__bpf_trace_', 'trace_event_raw_event_']

/**
 * What a `tp_btf` or `raw_tp` program of a tracepoint is given, in order.
 * @param name its name alone: `sched_switch`
 * @returns undefined when the kernel and its modules have no such tracepoint
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` of a kernel without BTF
 */
export function tracepointArguments(name: string): TracepointArgument[] | undefined {
  for (const btf of everyBtf('look for', `tracepoint ${name}`)) {
    // include/trace/bpf_probe.h: typedef void (*btf_trace_NAME)(void *__data, …).
    for (const typedef of btf.find(`btf_trace_${name}`, 'typedef')) {
      const pointer = btf.type(btf.type(typedef).type)
      if (pointer.kind !== 'pointer') continue
      const types = parametersOf(btf, pointer.type).map(([, type]) => cType(btf, type))
      const names = namesOf(btf, name, types)
      return types.slice(1).map((type, index) => ({ name: names[index + 1] || undefined, type }))
    }
  }
  return undefined
}

function namesOf(btf: KernelBtf, tracepoint: string, types: readonly string[]): string[] {
  for (const prefix of functions) {
    for (const id of btf.find(prefix + tracepoint, 'func')) {
      const parameters = parametersOf(btf, btf.type(id).type)
      const same = parameters.map(([, type]) => cType(btf, type)).join() === types.join()
      if (same) return parameters.map(([name]) => btf.string(name))
    }
  }
  return []
}

/** Of a prototype: offsets of names, and types. */
function parametersOf(btf: KernelBtf, prototype: number): [name: number, type: number][] {
  const { kind, length } = btf.type(prototype)
  if (kind !== 'func_proto') return []
  return Array.from({ length }, (_, index) => {
    const [name, type] = btf.words(prototype, index)
    return [name, type]
  })
}
