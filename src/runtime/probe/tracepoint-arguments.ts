import { cType } from './c-type.ts'
import type { KernelBtf } from './kernel-btf.ts'
import { everyBtf } from './kernel-btf.ts'

export interface TracepointArgument {
  /** The name in the kernel's source; undefined where the kernel's BTF does not have it. */
  readonly name: string | undefined
  /** The type in C: `struct task_struct *`. */
  readonly type: string
}

/** Prefixes of a tracepoint's functions that name its arguments, after a first parameter `void *__data`. */
const functionPrefixes = ['__traceiter_', '__probestub_', '__bpf_trace_', 'trace_event_raw_event_']

/**
 * Returns the arguments that a tracepoint passes to `tp_btf` and `raw_tp` programs, in order.
 * @param name the tracepoint's name without its category: `sched_switch`
 * @returns undefined when the kernel and its modules have no such tracepoint
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` on a kernel without BTF
 */
export function tracepointArguments(name: string): TracepointArgument[] | undefined {
  for (const btf of everyBtf('look for', `tracepoint ${name}`)) {
    // include/trace/bpf_probe.h: typedef void (*btf_trace_NAME)(void *__data, …).
    for (const typedef of btf.find(`btf_trace_${name}`, 'typedef')) {
      const pointer = btf.type(btf.type(typedef).type)
      if (pointer.kind !== 'pointer') continue
      const types = parametersOf(btf, pointer.type).map(({ type }) => cType(btf, type))
      const names = namesOf(btf, name, types)
      return types.slice(1).map((type, index) => ({ name: names[index + 1] || undefined, type }))
    }
  }
  return undefined
}

function namesOf(btf: KernelBtf, tracepoint: string, types: readonly string[]): string[] {
  for (const prefix of functionPrefixes) {
    for (const id of btf.find(prefix + tracepoint, 'func')) {
      const parameters = parametersOf(btf, btf.type(id).type)
      const same = parameters.map(({ type }) => cType(btf, type)).join() === types.join()
      if (same) return parameters.map(({ name }) => btf.string(name))
    }
  }
  return []
}

interface Parameter {
  /** The offset of the name in the strings. */
  readonly name: number
  /** The id of the type. */
  readonly type: number
}

/** The parameters of a func_proto; none of another kind. */
function parametersOf(btf: KernelBtf, prototype: number): Parameter[] {
  const { kind, itemCount: length } = btf.type(prototype)
  if (kind !== 'func_proto') return []
  return Array.from({ length }, (_, index) => {
    const [name, type] = btf.words(prototype, index)
    return { name, type }
  })
}
