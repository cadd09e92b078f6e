import { FormatError } from '../elf/format-error.ts'
import { typeAt, type Btf } from './btf.ts'
import { MAX_DEPTH } from './depth.ts'
import type { BtfType, TypeId } from './types.ts'

/** Returns the type behind any const, volatile, restrict and type tags. Throws FormatError on a cycle. */
export function skipModifiers(btf: Btf, id: TypeId): TypeId {
  return follow(btf, id, isModifier)
}

/** Returns the type behind any modifiers and typedefs. Throws FormatError on a cycle. */
export function resolveTypedefs(btf: Btf, id: TypeId): TypeId {
  return follow(btf, id, isAlias)
}

type Modifier = Extract<BtfType, { kind: 'const' | 'volatile' | 'restrict' | 'type_tag' }>
type Alias = Modifier | Extract<BtfType, { kind: 'typedef' }>

export function isModifier(type: BtfType): type is Modifier {
  const { kind } = type
  return kind === 'const' || kind === 'volatile' || kind === 'restrict' || kind === 'type_tag'
}

function isAlias(type: BtfType): type is Alias {
  return type.kind === 'typedef' || isModifier(type)
}

function follow(btf: Btf, id: TypeId, passes: (type: BtfType) => type is Alias): TypeId {
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    const type = typeAt(btf, at)
    if (!passes(type)) return at
    at = type.target
  }
  throw new FormatError('BTF', 0, `type ${id} refers to itself, or nests deeper than ${MAX_DEPTH}`)
}
