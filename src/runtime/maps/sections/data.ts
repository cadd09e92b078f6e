import { Bytes, Memory, setBytes } from '../../../codec/intrinsics.ts'
import { liveMemory, readOnlyMemory, remoteMemory } from '../../../codec/memory.ts'
import { Mapping } from '../../ffi/mapping.ts'
import { BpfError, stateError } from '../../host/error.ts'
import { Elements, updateFlags } from '../elements.ts'
import type { MapHandle } from '../handle.ts'
import type { LoadedMemory } from './section.ts'

/** linux/bpf.h: BPF_F_RDONLY_PROG, which libbpf sets for .rodata and .kconfig. */
export const readOnlyForPrograms: number = 1 << 7

/** Of `.data`, `.bss`, `.rodata` and the like, and of `.kconfig`. */
export function dataMemory(map: MapHandle, title: string): LoadedMemory {
  const { flags, valueSize } = map.info()
  if ((flags & readOnlyForPrograms) !== 0) return { memory: frozenMemory(map, title) }
  try {
    const mapping = new Mapping(map.liveFd, valueSize, true)
    return {
      memory: liveMemory(new Memory(mapping.buffer)),
      retire: () => mapping.retire(),
    }
  } catch (error) {
    // Not mmapable: flags cleared before load, or fields in it that are the kernel's own (bpf_timer, kptr).
    if (error instanceof BpfError) return { memory: elementMemory(map, valueSize) }
    throw error
  }
}

/** The kernel froze these, so a copy stays exact; a store to their mapped pages would be SIGSEGV. */
function frozenMemory(map: MapHandle, title: string): DataView {
  const elements = new Elements(map, 'read')
  elements.lookup()
  const advice = title.startsWith('section .kconfig ')
    ? 'the kernel configuration is read-only'
    : 'it is constant once loaded; write between open() and load(), or move the variable out of .rodata'
  return readOnlyMemory(elements.value, () => stateError('write to', title, advice))
}

/** By system calls. Writing takes the other variables along, as they were a moment before. */
function elementMemory(map: MapHandle, size: number): DataView {
  const elements = new Elements(map, 'use')
  return remoteMemory(
    size,
    (offset, length) => {
      elements.lookup()
      return new Memory(elements.value.buffer, offset, length)
    },
    (offset, bytes) => {
      elements.lookup()
      const changed = new Bytes(bytes.buffer, 0, bytes.byteLength)
      setBytes(new Bytes(elements.value.buffer), changed, offset)
      elements.update(updateFlags.any)
    },
  )
}
