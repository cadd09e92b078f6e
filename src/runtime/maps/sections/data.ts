import { Bytes, Memory, setBytes } from '../../../codec/intrinsics.ts'
import { liveMemory, readOnlyMemory, remoteMemory } from '../../../codec/memory.ts'
import { BPF_F_RDONLY_PROG } from '../../../uapi/map-flags.ts'
import { Mapping } from '../../ffi/mapping.ts'
import { BpfError, stateError } from '../../host/error.ts'
import { Elements, updateFlags } from '../elements.ts'
import type { MapHandle } from '../handle.ts'
import type { LoadedMemory } from './section.ts'

/** Returns the memory of a loaded data section: `.data`, `.bss`, `.rodata`, `.kconfig` and others. */
export function dataMemory(map: MapHandle, title: string): LoadedMemory {
  const { flags, valueSize } = map.info()
  // libbpf sets the flag for .rodata and .kconfig.
  if ((flags & BPF_F_RDONLY_PROG) !== 0) return { memory: readOnlyCopy(map, title) }
  try {
    const mapping = new Mapping(map.liveFd, valueSize, true)
    return {
      memory: liveMemory(new Memory(mapping.buffer)),
      retire: () => mapping.retire(),
    }
  } catch (error) {
    // Not mmapable: its flags were cleared before load, or it has fields that only the kernel may write (bpf_timer, kptr).
    if (error instanceof BpfError) return { memory: elementMemory(map, valueSize) }
    throw error
  }
}

/** Returns a copy of a section that is frozen: the copy stays exact, and a write to mapped pages would be a SIGSEGV. */
function readOnlyCopy(map: MapHandle, title: string): DataView {
  const elements = new Elements(map, 'read')
  elements.lookup()
  const advice = title.startsWith('section .kconfig ')
    ? 'the kernel configuration is read-only'
    : 'it is read-only once loaded; write between open() and load(), or move the variable out of .rodata'
  return readOnlyMemory(elements.value, () => stateError('write to', title, advice))
}

/** Returns memory that is read and written by system calls. A write stores all variables, as they were a moment before. */
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
