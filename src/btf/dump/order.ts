import { FormatError } from '../../elf/format-error.ts'
import type { TypeId } from '../types.ts'
import { type Dump, enter } from './dump.ts'

/**
 * Returns types with those that C needs before them, each once in the whole dump: a type that a struct holds by value comes
 * first; one that it points to may be declared forward.
 */
export type Order = (ids: Iterable<TypeId>) => readonly TypeId[]

const OPEN = 1
const ORDERED = 2

export function createOrder(dump: Dump): Order {
  const { table } = dump.btf
  const state = new Uint8Array(table.length)
  state[0] = ORDERED
  let queue: TypeId[] = []

  /** Returns whether the type must be complete where it is used. A typedef is defined then. */
  const visit = (id: TypeId, throughPointer: boolean, depth: number): boolean => {
    if (state[id] === ORDERED) return true
    enter(dump, depth)
    const kind = table.kind(id)
    switch (kind) {
      case 'struct':
      case 'union': {
        // A type without a name is defined where it is used, behind a pointer too.
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
        // An enum without a name is part of the type that refers to it, or, if there is none, a list of constants.
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
