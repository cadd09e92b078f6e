import { typeAt, type Btf } from '../../src/btf/btf.ts'
import type { Member, TypeId } from '../../src/btf/types.ts'

/**
 * What a type says, whatever its ids: two graphs describe it alike if and only if this is equal. A
 * struct or union with a name is written out only where `id` itself leads to it by value.
 */
export function canonical(btf: Btf, id: TypeId): string {
  return describe(btf, id, false)
}

function describe(btf: Btf, id: TypeId, behindPointer: boolean): string {
  const type = typeAt(btf, id)
  const inner = (target: TypeId, pointer = behindPointer) => describe(btf, target, pointer)
  const tags = (component: number) =>
    btf.types
      .filter((tag) => tag.kind === 'decl_tag' && tag.target === id && tag.component === component)
      .map(({ name }) => ` @${name}`)
      .toSorted()
      .join('')
  const member = ({ name, type, bitOffset, bitSize }: Member, index: number) =>
    `${name}@${bitOffset}:${bitSize} ${inner(type)}${tags(index)}`
  switch (type.kind) {
    case 'void':
      return 'void'
    case 'int':
      return `${type.name}/${type.size}/${type.bits}${type.signed ? 's' : 'u'}${type.bool ? 'b' : ''}`
    case 'float':
      return `${type.name}/${type.size}`
    case 'pointer':
      return `*${inner(type.target, true)}`
    case 'array':
      return `[${type.length}]${inner(type.element)} by ${inner(type.index)}`
    case 'struct':
    case 'union':
      if (behindPointer && type.name !== '') return `${type.kind} ${type.name}`
      return `${type.kind} ${type.name}/${type.size} {${type.members.map(member).join('; ')}}${tags(-1)}`
    case 'fwd':
      return `${type.fwdKind} ${type.name}`
    case 'enum':
    case 'enum64':
      return `${type.kind} ${type.name}/${type.size}${type.signed ? 's' : 'u'} {${type.values
        .map(({ name, value }) => `${name}=${value}`)
        .join()}}`
    case 'typedef':
      return `typedef ${type.name}${behindPointer ? '' : tags(-1)} ${inner(type.target)}`
    case 'const':
    case 'volatile':
    case 'restrict':
      return `${type.kind} ${inner(type.target)}`
    case 'type_tag':
      return `tag ${type.name} ${inner(type.target)}`
    case 'func_proto':
      return `(${type.params.map(({ name, type }) => `${name} ${inner(type, true)}`).join()}) ${inner(type.returns, true)}`
    default:
      throw new Error(`no type of a value: ${type.kind}`)
  }
}
