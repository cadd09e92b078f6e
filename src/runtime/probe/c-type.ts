import type { KernelBtf } from './kernel-btf.ts'

/** Types that are nested deeper are damaged BTF. */
const maxDepth = 64

/** Writes a type in C: `struct task_struct *`, `const char *`, `int (*)(void *)`. */
export function cType(btf: KernelBtf, id: number): string {
  return declare(btf, id, '', 0)
}

/** @param inner what is written in the place of the variable's name */
function declare(btf: KernelBtf, id: number, inner: string, depth: number): string {
  if (id === 0) return leaf('void', inner)
  if (depth > maxDepth) return leaf('…', inner)
  const { kind, name, type, itemCount: length, kindFlag: flag } = btf.type(id)
  const next = (id: number, inner: string): string => declare(btf, id, inner, depth + 1)
  switch (kind) {
    case 'pointer':
      return next(type, needsParentheses(btf, type) ? `(*${inner})` : `*${inner}`)
    case 'array': {
      // struct btf_array: type, index_type, nelems.
      const [element, , count] = btf.words(id)
      return next(element, `${inner}[${count}]`)
    }
    case 'func_proto':
      return next(type, `${inner}(${parameters(btf, id, length, depth)})`)
    case 'const':
      return qualified('const')
    case 'volatile':
      return qualified('volatile')
    case 'restrict':
      return qualified('restrict')
    case 'type_tag':
      return next(type, inner)
    case 'struct':
      return leaf(`struct ${name || '{…}'}`, inner)
    case 'union':
      return leaf(`union ${name || '{…}'}`, inner)
    case 'enum':
    case 'enum64':
      return leaf(`enum ${name || '{…}'}`, inner)
    case 'fwd':
      return leaf(`${flag ? 'union' : 'struct'} ${name}`, inner)
    default:
      return leaf(name, inner)
  }

  /** Writes a qualifier: after the star of a pointer, before another type. */
  function qualified(word: string): string {
    const isPointer = type !== 0 && btf.type(type).kind === 'pointer'
    return isPointer ? next(type, leaf(` ${word}`, inner)) : `${word} ${next(type, inner)}`
  }
}

function leaf(text: string, inner: string): string {
  return inner === '' || inner.startsWith('[') ? `${text}${inner}` : `${text} ${inner}`
}

function needsParentheses(btf: KernelBtf, id: number): boolean {
  if (id === 0) return false
  const { kind } = btf.type(id)
  return kind === 'array' || kind === 'func_proto'
}

function parameters(btf: KernelBtf, id: number, count: number, depth: number): string {
  if (count === 0) return 'void'
  const types = Array.from({ length: count }, (_, index) => {
    const [name, type] = btf.words(id, index)
    // A last parameter without type and name is "...".
    return type === 0 && name === 0 ? '...' : declare(btf, type, '', depth + 1)
  })
  return types.join(', ')
}
