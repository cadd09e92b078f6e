import { BpfError, unsupported } from '../error.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { bpf_map__value_size } from '../ffi/object.ts'
import { dataMemory } from '../sections/data.ts'
import { Section } from '../sections/section.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'

/** The map behind a data section. */
export class SectionMap extends BpfMap {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    super(handle)
    this.#handle = handle
  }

  /** Bytes. Set between open and load, it gives the section's last array another length. Needs libbpf 1.3. */
  get valueSize(): number {
    const { life, liveFd, pointer, title } = this.#handle
    if (liveFd >= 0) return this.info.valueSize
    if (life.stage === 'destroyed' || life.stage === 'loading') {
      throw life.refusal('read valueSize of', title)
    }
    return bpf_map__value_size(pointer)
  }

  set valueSize(bytes: number) {
    const { life, title } = this.#handle
    life.requireOpen('set valueSize of', title)
    if (!Number.isInteger(bytes) || bytes <= 0 || bytes > 0xffff_ffff) {
      throw new RangeError(`valueSize must be a whole number of bytes, not ${String(bytes)}`)
    }
    if (!libbpfIsAtLeast(1, 3)) {
      // Before, load read past the end of the image (libbpf.c: bpf_map__set_value_size).
      throw unsupported(
        'set valueSize of',
        title,
        'the installed libbpf cannot resize a data section',
        'That came with libbpf 1.3.',
      )
    }
    const result = this.#handle.resize(bytes)
    if (result < 0) {
      throw new BpfError({ operation: 'set valueSize of', object: title, errno: -result })
    }
  }
}

export function sectionMap(section: string): MapKind<SectionMap> {
  return {
    section,
    create: (handle) => new SectionMap(handle),
    variables: (handle, layout) => new Section(handle, layout, section, dataMemory),
  }
}
