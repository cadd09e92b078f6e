import type { Integer } from '../../codec/input.ts'
import { KINDS } from '../../uapi/btf.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf, fromNewerLibbpf } from '../ffi/libbpf.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch } from '../ffi/memory.ts'
import { ENOENT } from '../host/errno.ts'
import { kernelLink, linkByLibbpf, typeFieldsOffset } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { tracingMultiLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { functionList, valuesPerFunction } from './functions.ts'
import { Program } from './program.ts'

const bpf_program__attach_tracing_multi = fromNewerLibbpf(
  '1.8',
  'ptr bpf_program__attach_tracing_multi(ptr, str, ptr)',
)
const btf__load_vmlinux_btf = fromLibbpf('ptr btf__load_vmlinux_btf()')
const btf__find_by_name_kind = fromLibbpf('int btf__find_by_name_kind(ptr, str, u32)')
const btf__free = fromLibbpf<void>('void btf__free(ptr)')

const BTF_KIND_FUNC = /*#__PURE__*/ KINDS.indexOf('func')

/** BPF_PROG_TYPE_TRACING of several functions: fentry.multi, fexit.multi, fsession.multi. Needs Linux 7.3. */
export class TracingMultiProgram extends Program {
  /**
   * @param functions names of kernel functions, or a pattern with `*` and `?` (libbpf 1.8)
   * @param options.cookies the values of bpf_get_attach_cookie() in each function, in the order of names
   */
  attachTracingMulti(
    functions: string | readonly string[],
    options: { cookies?: readonly Integer[] | undefined } = {},
  ): Link {
    requireKnownOptions('attachTracingMulti()', options, ['cookies'])
    const list = functionList(functions)
    const cookies = valuesPerFunction('cookies', options.cookies, list)
    const { pattern, names = [] } = list
    const operation = `attach to ${pattern ?? `${names.length} functions`}`
    if (pattern !== null) {
      const attach = bpf_program__attach_tracing_multi
      return this.adopt(linkByLibbpf(this, operation, attach, pattern, 0))
    }
    const ids = this.#idsOf(operation, names)
    const link = kernelLink(this, operation, {
      target: 0,
      attachType: this.expectedAttachType,
      // union bpf_attr.link_create.tracing_multi: ids, cookies, cnt.
      writeTypeFields(attr) {
        attr.point(typeFieldsOffset, ids)
        attr.point(typeFieldsOffset + 8, cookies)
        attr.data.setUint32(typeFieldsOffset + 16, names.length, true)
      },
    })
    return this.adopt(link)
  }

  /** Finds the ids of functions in the kernel's BTF. */
  #idsOf(operation: string, names: readonly string[]): Scratch {
    const btf = btf__load_vmlinux_btf()
    if (btf === 0) throw this.failure(operation, errno())
    try {
      const ids = scratch(4 * names.length)
      for (const [index, name] of names.entries()) {
        const id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC)
        if (id < 0) {
          throw this.failure(operation, ENOENT, '', `The kernel's BTF has no function ${name}`)
        }
        ids.data.setUint32(4 * index, id, true)
      }
      return ids
    } finally {
      btf__free(btf)
    }
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return tracingMultiLinks
  }
}
