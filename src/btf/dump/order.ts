import { FormatError } from '../../elf/format-error.ts'
import { typeAt } from '../btf.ts'
import { forEachReference } from '../traversal.ts'
import type { BtfType, TypeId } from '../types.ts'
import { ascend, descend, type Dump } from './dump.ts'

/**
 * The definitions that C wants before, and with, that of a type, each once in the whole dump: what a
 * struct holds by value comes first, what it points to may be declared forward.
 */
export type Order = (id: TypeId) => readonly TypeId[]

const OPEN = 1
const ORDERED = 2

export function createOrder(dump: Dump): Order {
  const { btf } = dump
  const state = new Uint8Array(btf.types.length)
  const referenced = new Uint8Array(btf.types.length)
  const refer = (id: TypeId): void => {
    referenced[id] = 1
  }
  for (const type of btf.types) forEachReference(type, refer)
  state[0] = ORDERED
  let queue: TypeId[] = []

  /** Returns whether the type must be complete where it was asked for: a typedef then is defined. */
  const visit = (id: TypeId, throughPointer: boolean): boolean => {
    if (state[id] === ORDERED) return true
    const type = typeAt(btf, id)
    if (state[id] === OPEN) {
      if (isComposite(type) && throughPointer && type.name) return false
      throw new FormatError('BTF', 0, `type ${id} contains itself`)
    }
    descend(dump)
    const complete = place(id, type, throughPointer)
    ascend(dump)
    return complete
  }

  const place = (id: TypeId, type: BtfType, throughPointer: boolean): boolean => {
    switch (type.kind) {
      case 'struct':
      case 'union':
        // Without a name it is defined where it is used, pointer or not.
        if (throughPointer && type.name) return false
        state[id] = OPEN
        for (const member of type.members) visit(member.type, false)
        if (type.name) queue.push(id)
        state[id] = ORDERED
        return true
      case 'enum':
      case 'enum64':
      case 'fwd':
        // Without a name it is part of what refers to it, or a list of constants on its own.
        if (type.name || !referenced[id]) queue.push(id)
        state[id] = ORDERED
        return true
      case 'typedef':
        if (!visit(type.target, throughPointer) && throughPointer) return false
        queue.push(id)
        state[id] = ORDERED
        return true
      case 'pointer': {
        const complete = visit(type.target, true)
        state[id] = ORDERED
        return complete
      }
      case 'array':
        return visit(type.element, false)
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        return visit(type.target, throughPointer)
      case 'func_proto': {
        let complete = visit(type.returns, throughPointer)
        for (const param of type.params) complete = visit(param.type, throughPointer) || complete
        return complete
      }
      case 'void':
      case 'int':
      case 'float':
      case 'func':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        state[id] = ORDERED
        return false
    }
  }

  return (id) => {
    queue = []
    visit(id, false)
    return queue
  }
}

function isComposite(type: BtfType): boolean {
  return type.kind === 'struct' || type.kind === 'union'
}
