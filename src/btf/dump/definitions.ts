import { typeAt } from '../btf.ts'
import type { BtfType, TypeId, Typedef } from '../types.ts'
import { compositeDefinition, declaration } from './declaration.ts'
import { ascend, descend, type Dump } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { createOrder } from './order.ts'

/** The definitions that a type needs and that were not given before, then its own. */
export type Definitions = (id: TypeId) => string

const UNSEEN = 0
const OPEN = 1
const EMITTED = 2

export function createDefinitions(dump: Dump): Definitions {
  const { btf } = dump
  const order = createOrder(dump)
  const state = new Uint8Array(btf.types.length)
  const forwarded = new Uint8Array(btf.types.length)
  state[0] = EMITTED

  /** `container` is the struct, union or typedef that refers to the type, 0: it is to be defined. */
  const emit = (id: TypeId, container: TypeId): string => {
    if (state[id] === EMITTED) return ''
    const type = typeAt(btf, id)
    if (state[id] === OPEN) return again(id, type, container)
    descend(dump)
    const text = first(id, type, container)
    ascend(dump)
    return text
  }

  /** The type is referred to from inside its own definition. */
  const again = (id: TypeId, type: BtfType, container: TypeId): string => {
    if (forwarded[id]) return ''
    if (type.kind === 'typedef') {
      forwarded[id] = 1
      return typedefDefinition(id, type)
    }
    const composite = type.kind === 'struct' || type.kind === 'union'
    return composite && id !== container && type.name ? forward(id, type.kind) : ''
  }

  const forward = (id: TypeId, keyword: string): string => {
    forwarded[id] = 1
    return `${keyword} ${dump.names.tag(id)};\n\n`
  }

  const first = (id: TypeId, type: BtfType, container: TypeId): string => {
    switch (type.kind) {
      case 'int':
        state[id] = EMITTED
        return missingAlias(dump, id)
      case 'enum':
      case 'enum64':
        state[id] = EMITTED
        return container === 0 ? `${enumDefinition(dump, id, type, 0)};\n\n` : ''
      case 'fwd':
        state[id] = EMITTED
        return `${type.forwards} ${dump.names.tag(id)};\n\n`
      case 'pointer':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        return emit(type.target, container)
      case 'array':
        return emit(type.element, container)
      case 'func_proto':
        return type.params.reduce(
          (text, param) => text + emit(param.type, container),
          emit(type.returns, container),
        )
      case 'typedef': {
        state[id] = OPEN
        let text = emit(type.target, id)
        if (!forwarded[id]) text += typedefDefinition(id, type)
        state[id] = EMITTED
        return text
      }
      case 'struct':
      case 'union': {
        let text = ''
        state[id] = OPEN
        if (container === 0 || !type.name) {
          const around = type.name ? id : container
          for (const member of type.members) text += emit(member.type, around)
        } else if (!forwarded[id] && id !== container) {
          text += forward(id, type.kind)
        }
        if (container === 0) text += `${compositeDefinition(dump, id, type)};\n\n`
        state[id] = container === 0 ? EMITTED : UNSEEN
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

  const typedefDefinition = (id: TypeId, type: Typedef): string => {
    // The compiler's own.
    if (type.name === '__builtin_va_list') return ''
    const name = dump.names.typedef(id)
    // Old versions of gcc call it void.
    const isVaList = type.target === 0 && name === '__gnuc_va_list'
    const declared = isVaList ? `__builtin_va_list ${name}` : declaration(dump, type.target, name)
    return `typedef ${declared};\n\n`
  }

  return (id) => order(id).reduce((text, defined) => text + emit(defined, 0), '')
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
