import type { Layout } from '../../codec/layout.ts'
import { bytes, sizeOf } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import type { ValuePath } from '../../codec/value-path.ts'
import { BpfError } from '../host/error.ts'
import { Elements } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { Decode } from './iteration.ts'

/** What the C side calls the elements; bytes where an object does not say. */
export interface ElementLayouts {
  readonly key?: Layout | undefined
  readonly value?: Layout | undefined
}

export interface ValueCodec {
  encode(value: unknown, data: DataView, offset: number): void
  decode: Decode
}

/** What an element's value is in memory: one value, or one of each CPU. */
export interface ValueForm {
  /** Of all that the kernel copies for one element. */
  valueBytes(valueSize: number): number
  valueCodec(layout: Layout, elements: Elements): ValueCodec
}

const singleValue: ValueForm = {
  valueBytes: (valueSize) => valueSize,
  valueCodec: (layout) => memoryCodec(layout),
}

/** The codecs of one face of a map, fitted to the loaded map's sizes. */
export interface ElementCodec {
  /** Of the handle when this was made: another one means another descriptor. */
  readonly generation: number
  readonly elements: Elements
  encodeKey(key: unknown, data: DataView, offset: number): void
  readonly decodeKey: Decode
  encodeValue(value: unknown, data: DataView, offset: number): void
  readonly decodeValue: Decode
}

/** @throws {BpfError} `ERR_BPF_STATE` unless loaded; `ERR_BPF_MALFORMED` when the types have not the map's sizes */
export type GetElementCodec = (operation: string) => ElementCodec

/** Makes the face at its first use, and again after the map got another descriptor. */
export function elementCodecs(
  handle: MapHandle,
  layouts: ElementLayouts,
  shape: ValueForm = singleValue,
): GetElementCodec {
  let face: ElementCodec | undefined
  return (operation) => {
    if (face !== undefined && face.generation === handle.generation) return face
    face = makeElementCodec(handle, layouts, shape, operation)
    return face
  }
}

/** Else a wrong key would read like a wrong value. */
const keyPath: ValuePath = { parent: undefined, key: 'key' }

function makeElementCodec(
  handle: MapHandle,
  layouts: ElementLayouts,
  shape: ValueForm,
  operation: string,
): ElementCodec {
  const elements = new Elements(handle, operation, (size) => shape.valueBytes(size))
  const fitted = (side: 'key' | 'value', size: number): Layout => {
    const layout = layouts[side]
    if (layout === undefined) return bytes(size)
    if (sizeOf(layout) === size) return layout
    throw new BpfError({
      code: 'ERR_BPF_MALFORMED',
      operation,
      object: handle.title,
      reason: `its ${side}s are ${size} bytes, the type given for them has ${sizeOf(layout)}`,
    })
  }
  const key = memoryCodec(fitted('key', elements.keySize))
  const value = shape.valueCodec(fitted('value', elements.valueSize), elements)
  return {
    generation: handle.generation,
    elements,
    encodeKey: (value, data, offset) => key.encode(value, data, offset, keyPath),
    decodeKey: key.decode,
    encodeValue: value.encode,
    decodeValue: value.decode,
  }
}
