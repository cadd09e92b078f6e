import type { CompositeLayout } from '../../codec/layout.ts'
import { boolean } from '../ffi/arguments.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { errno } from '../ffi/library.ts'
import { bpf_link__update_map, bpf_map__attach_struct_ops } from '../ffi/object.ts'
import { structOpsPointers } from '../ffi/pointers.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL, EOPNOTSUPP } from '../host/errno.ts'
import { BpfError, stateError, unsupported } from '../host/error.ts'
import type { AttachableMap } from '../links/attachable.ts'
import { structOpsLinks } from '../links/info.ts'
import type { LinkOwner } from '../links/link.ts'
import { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { libbpfLink } from '../links/native.ts'
import type { MapHandle } from './handle.ts'
import { needsLibbpf } from './libbpf-need.ts'
import type { ObjectToLoad, MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { StructOpsShadow } from './struct-ops-shadow.ts'

/** STRUCT_OPS: a struct of functions that the kernel calls once it is attached. */
export class StructOpsMap extends BpfMap implements AttachableMap {
  readonly #handle: MapHandle
  readonly #links: LinkOwner | undefined
  readonly #isLink: boolean
  #attached: Link | undefined
  #autoattach = true

  constructor(handle: MapHandle, links: LinkOwner | undefined, isLink: boolean) {
    super(handle)
    this.#handle = handle
    this.#links = links
    this.#isLink = isLink
    structOpsPointers.set(this, (operation) => {
      handle.requireFd(operation)
      if (handle.pointer !== 0) return handle.pointer
      throw stateError(operation, handle.title, 'only maps of a skeleton can be attached')
    })
  }

  /** Whether `attach()` of the skeleton attaches it. */
  get autoattach(): boolean {
    return this.#autoattach
  }

  set autoattach(on: boolean) {
    this.#autoattach = boolean('autoattach', on)
  }

  /**
   * Registers it with the kernel. The link of a `SEC(".struct_ops.link")` can be updated to another map, pinned, and read
   * (`info`).
   * @throws {BpfError} EBUSY, EEXIST when it, or one of its name, is registered
   */
  attachStructOps(): Link {
    const pointer = structOpsPointers.get(this, 'attach')
    const { result, log } = captureLog(() => {
      const link = bpf_map__attach_struct_ops(pointer)
      return { link, errno: link === 0 ? errno() : 0 }
    })
    const { title } = this.#handle
    if (!this.#links) throw stateError('attach', title, 'only maps of a skeleton can be attached')
    if (result.link === 0) {
      throw new BpfError({
        operation: 'attach',
        object: title,
        errno: result.errno,
        log,
        hint: privilegeHint(result.errno),
      })
    }
    const native = this.#isLink ? updatable(result.link) : registration(result.link, title)
    return (this.#attached = new Link(this.#links, title, native, structOpsLinks))
  }

  /** Whether it has a live link. @internal */
  get attached(): boolean {
    return this.#attached !== undefined && !this.#attached.destroyed
  }
}

/** Makes the link of a map with BPF_F_LINK, which is a link of the kernel. */
function updatable(pointer: number): NativeLink {
  return libbpfLink(pointer, (link, successor) => {
    if (!(successor instanceof StructOpsMap)) {
      throw new TypeError('update() of a struct_ops link takes another struct_ops map')
    }
    return bpf_link__update_map(link, structOpsPointers.get(successor, 'update a link to'))
  })
}

/** Makes the link of a map without BPF_F_LINK. The kernel has no link for it: the map's element is the registration. */
function registration(pointer: number, title: string): NativeLink {
  return {
    fd() {
      throw unsupported(
        'use the link of',
        title,
        'the kernel has no link for it',
        'SEC(".struct_ops.link") makes one.',
      )
    },
    update: () => -EINVAL,
    pin: () => -EOPNOTSUPP,
    unpin: () => -EOPNOTSUPP,
    destroy: libbpfLink(pointer).destroy,
  }
}

/** @param section the variable's ELF section: `.struct_ops.link` */
export function structOpsMap(
  section: string,
  layout: CompositeLayout,
  functions: readonly string[],
): MapKind<StructOpsMap> {
  return {
    ...neededLibbpf(section),
    create: (handle, links) => new StructOpsMap(handle, links, section.endsWith('.link')),
    attach: attachBySkeleton,
    structOpsShadow: (handle, programs) => new StructOpsShadow(handle, layout, functions, programs),
    beforeLoad: requireProgram,
  }
}

/**
 * Refuses a map without programs: libbpf before 1.4 reads the kernel's BTF for struct_ops programs alone, needs it for the
 * map too, and without it crashes the process (libbpf.c: obj_needs_vmlinux_btf).
 * @throws {BpfError} `ERR_BPF_STATE` when no program of a struct_ops is to be loaded
 */
function requireProgram({ title }: MapHandle, object: ObjectToLoad): void {
  if (libbpfIsAtLeast(1, 4)) return
  const isLoaded = object.programs().some(({ section }) => /^\??struct_ops\b/.test(section))
  if (isLoaded) return
  throw stateError(
    'load',
    title,
    'libbpf before 1.4 cannot load it while autoload is off for all struct_ops programs. Leave autoload on for one, or ' +
      'install a newer libbpf',
  )
}

/** Attaches what bpf_object__attach_skeleton attaches since libbpf 1.5. */
function attachBySkeleton(map: StructOpsMap): Link | undefined {
  const { attached, autoattach, autocreate } = map
  return attached || !autoattach || !autocreate ? undefined : map.attachStructOps()
}

function neededLibbpf(section: string): Pick<MapKind, 'beforeOpen'> {
  if (section.startsWith('?')) return needsLibbpf(4, `SEC("${section}")`)
  return section.endsWith('.link') ? needsLibbpf(2, `SEC("${section}")`) : {}
}
