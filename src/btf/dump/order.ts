import { FormatError } from '../../elf/format-error.ts'
import type { TypeId } from '../types.ts'
import { type Dump, enter } from './dump.ts'

/**
 * The definitions that C wants before, and with, those of types, each once in the whole dump: what a
 * struct holds by value comes first, what it points to may be declared forward.
 */
export type Order = (ids: Iterable<TypeId>) => readonly TypeId[]

const OPEN = 1
const ORDERED = 2

export function createOrder(dump: Dump): Order {
  const { table } = dump.btf
  const state = new Uint8Array(table.length)
  state[0] = ORDERED
  let queue: TypeId[] = []

  /** Returns whether the type must be complete where it was asked for: a typedef then is defined. */
  const visit = (id: TypeId, throughPointer: boolean, depth: number): boolean => {
    if (state[id] === ORDERED) return true
    enter(dump, depth)
    const kind = table.kind(id)
    switch (kind) {
      case 'struct':
      case 'union': {
        // Without a name it is defined where it is used, pointer or not.
        const isNamed = table.name(id) !== ''
        if (throughPointer && isNamed) return false
        if (state[id] === OPEN) throw new FormatError('BTF', 0, `type ${id} contains itself`)
        state[id] = OPEN
        const count = table.count(id)
        for (let i = 0; i < count; i++) visit(table.memberType(id, i), false, depth + 1)
        if (isNamed) queue.push(id)
        state[id] = ORDERED
        return true
      }
      case 'enum':
      case 'enum64':
      case 'fwd':
        // Without a name it is part of what refers to it, or a list of constants on its own.
        if (table.name(id) || !table.referenced[id]) queue.push(id)
        state[id] = ORDERED
        return true
      case 'typedef':
        if (!visit(table.target(id), throughPointer, depth + 1) && throughPointer) return false
        queue.push(id)
        state[id] = ORDERED
        return true
      case 'pointer': {
        const complete = visit(table.target(id), true, depth + 1)
        state[id] = ORDERED
        return complete
      }
      case 'array':
        return visit(table.element(id), false, depth + 1)
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        return visit(table.target(id), throughPointer, depth + 1)
      case 'func_proto': {
        let complete = visit(table.target(id), throughPointer, depth + 1)
        const count = table.count(id)
        for (let i = 0; i < count; i++) {
          complete = visit(table.paramType(id, i), throughPointer, depth + 1) || complete
        }
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

  return (ids) => {
    queue = []
    for (const id of ids) visit(id, false, 0)
    return queue
  }
}
