import type { Kind } from '../../uapi/btf.ts'
import type { TypeId } from '../types.ts'
import { compositeDefinition, declaration, type DeclarationOptions } from './declaration.ts'
import { type Dump, enter } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { createOrder } from './order.ts'

/** Returns the definitions of types, after those that they need. None is returned twice. */
export type Definitions = (ids: readonly TypeId[]) => Iterable<string>

export interface DefinitionOptions extends Pick<DeclarationOptions, 'qualified'> {
  /**
   * Also declares what the declaration of a type only names: the struct behind a pointer and the typedef of it. A dump of all
   * types has those anyway.
   */
  readonly declareNamed?: boolean
}

const UNSEEN = 0
const OPEN = 1
const EMITTED = 2

export function createDefinitions(
  dump: Dump,
  { declareNamed = false, qualified }: DefinitionOptions = {},
): Definitions {
  const { table } = dump.btf
  const order = createOrder(dump)
  const state = new Uint8Array(table.length)
  const forwarded = new Uint8Array(table.length)
  state[0] = EMITTED

  /** Defines a type, or, for a `container` (the struct, union or typedef that refers to it), declares it. */
  const emit = (id: TypeId, container: TypeId, depth: number): string => {
    if (state[id] === EMITTED) return ''
    const kind = table.kind(id)
    if (state[id] === OPEN) return declareAgain(id, kind, container)
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
        return `${table.fwdKind(id)} ${dump.names.tag(id)};\n\n`
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

  /** Declares a type that is referred to from inside its own definition. */
  const declareAgain = (id: TypeId, kind: Kind, container: TypeId): string => {
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
    // clang has this type built in.
    if (table.name(id) === '__builtin_va_list') return ''
    const name = dump.names.typedef(id)
    const target = table.target(id)
    // Old versions of gcc describe it as void.
    const isVaList = target === 0 && name === '__gnuc_va_list'
    const declared = isVaList
      ? `__builtin_va_list ${name}`
      : declaration(dump, target, name, { qualified })
    return `typedef ${declared};\n\n`
  }

  return function* (ids) {
    for (const id of order(ids)) yield emit(id, 0, 0)
    // With itself as the container, a struct that is not defined is declared.
    if (declareNamed) for (const id of ids) yield emit(id, id, 0)
  }
}

/** Types that are built into gcc for Arm, but not into clang. */
const POLY_TYPES = new Map([
  ['__Poly8_t', 'unsigned char'],
  ['__Poly16_t', 'unsigned short'],
  ['__Poly64_t', 'unsigned long long'],
  ['__Poly128_t', 'unsigned __int128'],
])

function missingAlias(dump: Dump, id: TypeId): string {
  // The name is requested even when it is not printed, because libbpf counts an integer's name as a tag.
  const name = dump.names.tag(id)
  const alias = POLY_TYPES.get(name)
  return alias === undefined ? '' : `typedef ${alias} ${name};\n\n`
}
