import type { Layout } from '../../codec/layout.ts'
import { bytes, sizeOf } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import type { ValuePath } from '../../codec/value-path.ts'
import { BpfError } from '../host/error.ts'
import { Elements } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { Decode } from './iteration.ts'

/** The types of a map's keys and values; they are bytes where the object has no type. */
export interface ElementLayouts {
  readonly key?: Layout | undefined
  readonly value?: Layout | undefined
}

export interface ValueCodec {
  encode(value: unknown, data: DataView, offset: number): void
  decode: Decode
}

/** How an element's value lies in memory: one value, or one for each CPU. */
export interface ValueForm {
  /** Returns how many bytes the kernel copies for one element. */
  valueBytes(valueSize: number): number
  valueCodec(layout: Layout, elements: Elements): ValueCodec
}

const singleValue: ValueForm = {
  valueBytes: (valueSize) => valueSize,
  valueCodec: (layout) => memoryCodec(layout),
}

/** Encodes and decodes the keys and values of a loaded map. Here an element becomes an object. */
export interface ElementCodec {
  /** The handle's generation when this was made: a later one means another descriptor. */
  readonly generation: number
  readonly elements: Elements
  encodeKey(key: unknown, data: DataView, offset: number): void
  readonly decodeKey: Decode
  encodeValue(value: unknown, data: DataView, offset: number): void
  readonly decodeValue: Decode
}

/**
 * Returns the codec of a loaded map.
 * @param operation for messages: `get from`
 * @throws {BpfError} `ERR_BPF_STATE` unless loaded; `ERR_BPF_MALFORMED` when the sizes of the types are not the map's
 */
export type GetElementCodec = (operation: string) => ElementCodec

/** Makes the codec at the first use, and again after the map got another descriptor. */
export function elementCodecs(
  handle: MapHandle,
  layouts: ElementLayouts,
  valueForm: ValueForm = singleValue,
): GetElementCodec {
  let codec: ElementCodec | undefined
  return (operation) => {
    if (codec !== undefined && codec.generation === handle.generation) return codec
    codec = makeElementCodec(handle, layouts, valueForm, operation)
    return codec
  }
}

/** The path of keys in messages; a value has none. */
const keyPath: ValuePath = { parent: undefined, key: 'key' }

function makeElementCodec(
  handle: MapHandle,
  layouts: ElementLayouts,
  valueForm: ValueForm,
  operation: string,
): ElementCodec {
  const elements = new Elements(handle, operation, (size) => valueForm.valueBytes(size))
  const checkedLayout = (side: 'key' | 'value', size: number): Layout => {
    const layout = layouts[side]
    if (layout === undefined) return bytes(size)
    if (sizeOf(layout) === size) return layout
    throw new BpfError({
      code: 'ERR_BPF_MALFORMED',
      operation,
      object: handle.title,
      reason: `its ${side}s have ${size} bytes, and the type given for them has ${sizeOf(layout)}`,
    })
  }
  const key = memoryCodec(checkedLayout('key', elements.keySize))
  const value = valueForm.valueCodec(checkedLayout('value', elements.valueSize), elements)
  return {
    generation: handle.generation,
    elements,
    encodeKey: (value, data, offset) => key.encode(value, data, offset, keyPath),
    decodeKey: key.decode,
    encodeValue: value.encode,
    decodeValue: value.decode,
  }
}
