import { bytes, s32, struct, u32, u64 } from '../../codec/layout.ts'
import type { Layout } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import { union } from '../../codec/union.ts'
import { BPF_F_STACK_BUILD_ID } from '../../uapi/map-flags.ts'
import type { ValueForm } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { internalsOf, ReadableMap } from './readable.ts'
import { clear, drain, remove, take } from './removal.ts'
import { indexKeys } from './requirements.ts'

/** A frame of a map with the flag BPF_F_STACK_BUILD_ID: `struct bpf_stack_build_id`. */
export interface BuildIdFrame {
  /** 1: `build_id` and `offset` in that file are known; 2: only `ip` is. */
  status: number
  build_id: Uint8Array
  offset: bigint
  /** In C a union with `offset`. */
  ip: bigint
}

function buildIdLayout(): Layout {
  return struct('bpf_stack_build_id', 32, [
    ['status', 0, s32],
    ['build_id', 4, bytes(20)],
    [
      '',
      24,
      union('', 8, [
        ['offset', 0, u64],
        ['ip', 0, u64],
      ]),
    ],
  ])
}

/** Decodes the stackFrames that the stack had: the kernel fills the rest with zeros (stackmap.c: bpf_stackmap_copy). */
function stackFrames(handle: MapHandle): ValueForm {
  return {
    valueBytes: (valueSize) => valueSize,
    valueCodec(_, { valueSize }) {
      const hasBuildIds = (handle.info().flags & BPF_F_STACK_BUILD_ID) !== 0
      const { size, decode } = memoryCodec(hasBuildIds ? buildIdLayout() : u64)
      return {
        decode(data, offset) {
          const all: unknown[] = []
          for (let at = 0; at + size <= valueSize; at += size) {
            // Zero is no address, and no status.
            if (
              data.getUint32(offset + at, true) === 0 &&
              data.getUint32(offset + at + 4, true) === 0
            )
              break
            all.push(decode(data, offset + at))
          }
          return all
        },
        encode() {
          throw new TypeError('stack traces cannot be written: only the kernel does')
        },
      }
    },
  }
}

/** STACK_TRACE: stacks by the ids that bpf_get_stackid() gave. A frame is an address, the innermost first. */
export class StackTraceMap<Frame = bigint> extends ReadableMap<number, Frame[]> {
  constructor(handle: MapHandle) {
    super(handle, { key: u32 }, stackFrames(handle))
  }

  /** Removes a stack. @returns whether it was there */
  delete(id: number): boolean {
    return remove(internalsOf(this).codec('delete from'), id)
  }

  /** Removes and returns a stack. */
  take(id: number): Frame[] | undefined {
    return take(internalsOf(this).codec('take from'), id) as Frame[] | undefined
  }

  /** Yields and removes stack after stack; those after a `break` stay in the map. */
  drain(): IterableIterator<[number, Frame[]]> {
    const codec = internalsOf(this).codec('drain')
    return drain(codec, internalsOf(this).walk(codec.elements)) as IterableIterator<
      [number, Frame[]]
    >
  }

  /** Removes every stack that there is when it starts. */
  clear(): void {
    const codec = internalsOf(this).codec('clear')
    clear(codec, internalsOf(this).walk(codec.elements))
  }

  /** This map with stacks as bytes. */
  get raw(): ReadableMap<number, Uint8Array> {
    return new ReadableMap(handleOf(this), { key: u32 })
  }
}

/** STACK_TRACE with the flag BPF_F_STACK_BUILD_ID. */
export interface BuildIdStackMap extends StackTraceMap<BuildIdFrame> {}

export function stackTraceMap<Frame = bigint>(): MapKind<StackTraceMap<Frame>> {
  return { requires: indexKeys, create: (handle) => new StackTraceMap(handle) }
}
