import type { Kind } from '../../uapi/btf.ts'
import type { TypeId } from '../types.ts'
import { compositeDefinition, declaration, type DeclarationOptions } from './declaration.ts'
import { type Dump, enter } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { createOrder } from './order.ts'

/** The definitions that types need and that were not given before, then their own. */
export type Definitions = (ids: readonly TypeId[]) => Iterable<string>

export interface DefinitionOptions extends Pick<DeclarationOptions, 'qualified'> {
  /**
   * Also gives what a declaration of each type only names: the struct behind a pointer, declared forward, and the typedef
   * of it. A dump of all types gives those anyhow, each in its turn.
   */
  readonly isNamed?: boolean
}

const UNSEEN = 0
const OPEN = 1
const EMITTED = 2

export function createDefinitions(
  dump: Dump,
  { isNamed: givesNamed = false, qualified }: DefinitionOptions = {},
): Definitions {
  const { table } = dump.btf
  const order = createOrder(dump)
  const state = new Uint8Array(table.length)
  const forwarded = new Uint8Array(table.length)
  state[0] = EMITTED

  /** `container` is the struct, union or typedef that refers to the type, 0: it is to be defined. */
  const emit = (id: TypeId, container: TypeId, depth: number): string => {
    if (state[id] === EMITTED) return ''
    const kind = table.kind(id)
    if (state[id] === OPEN) return again(id, kind, container)
    enter(dump, depth)
    switch (kind) {
      case 'int':
        state[id] = EMITTED
        return missingAlias(dump, id)
      case 'enum':
      case 'enum64':
        state[id] = EMITTED
        return container === 0 ? `${enumDefinition(dump, id, 0)};\n\n` : ''
      case 'fwd':
        state[id] = EMITTED
        return `${table.forwards(id)} ${dump.names.tag(id)};\n\n`
      case 'pointer':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        return emit(table.target(id), container, depth + 1)
      case 'array':
        return emit(table.element(id), container, depth + 1)
      case 'func_proto': {
        let text = emit(table.target(id), container, depth + 1)
        const count = table.count(id)
        for (let i = 0; i < count; i++) text += emit(table.paramType(id, i), container, depth + 1)
        return text
      }
      case 'typedef': {
        state[id] = OPEN
        let text = emit(table.target(id), id, depth + 1)
        if (!forwarded[id]) text += typedefDefinition(id)
        state[id] = EMITTED
        return text
      }
      case 'struct':
      case 'union': {
        const isNamed = table.name(id) !== ''
        const defined = container === 0
        let text = ''
        state[id] = OPEN
        if (defined || !isNamed) {
          const around = isNamed ? id : container
          const count = table.count(id)
          for (let i = 0; i < count; i++) text += emit(table.memberType(id, i), around, depth + 1)
        } else if (!forwarded[id] && id !== container) {
          text += forward(id, kind)
        }
        if (defined) text += `${compositeDefinition(dump, id, { qualified })};\n\n`
        state[id] = defined ? EMITTED : UNSEEN
        return text
      }
      case 'void':
      case 'float':
      case 'func':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        return ''
    }
  }

  /** The type is referred to from inside its own definition. */
  const again = (id: TypeId, kind: Kind, container: TypeId): string => {
    if (forwarded[id]) return ''
    if (kind === 'typedef') {
      forwarded[id] = 1
      return typedefDefinition(id)
    }
    const composite = kind === 'struct' || kind === 'union'
    return composite && id !== container && table.name(id) ? forward(id, kind) : ''
  }

  const forward = (id: TypeId, keyword: string): string => {
    forwarded[id] = 1
    return `${keyword} ${dump.names.tag(id)};\n\n`
  }

  const typedefDefinition = (id: TypeId): string => {
    // The compiler's own.
    if (table.name(id) === '__builtin_va_list') return ''
    const name = dump.names.typedef(id)
    const target = table.target(id)
    // Old versions of gcc call it void.
    const isVaList = target === 0 && name === '__gnuc_va_list'
    const declared = isVaList
      ? `__builtin_va_list ${name}`
      : declaration(dump, target, name, { qualified })
    return `typedef ${declared};\n\n`
  }

  return function* (ids) {
    for (const id of order(ids)) yield emit(id, 0, 0)
    // With a container, a struct is declared where it is not defined.
    if (givesNamed) for (const id of ids) yield emit(id, id, 0)
  }
}

/** Types that gcc has built in for Arm and clang has not. */
const POLY_TYPES = new Map([
  ['__Poly8_t', 'unsigned char'],
  ['__Poly16_t', 'unsigned short'],
  ['__Poly64_t', 'unsigned long long'],
  ['__Poly128_t', 'unsigned __int128'],
])

function missingAlias(dump: Dump, id: TypeId): string {
  // Asked for even when not printed: libbpf counts an integer's name as a tag.
  const name = dump.names.tag(id)
  const alias = POLY_TYPES.get(name)
  return alias === undefined ? '' : `typedef ${alias} ${name};\n\n`
}
