/** A member of every stub: an object that names it is not the whole header's. */
export const STUB = '__unplugin_bpf_stub'

/** Bytes. */
export interface RecordLayout {
  readonly size: number
  readonly align: number
}

interface Definition {
  /** `struct task_struct`, `union thread_union`, the name of a typedef. */
  readonly names: readonly string[]
  /** Whether a stub may take its place. */
  readonly isRecord: boolean
  readonly start: number
  readonly end: number
  /** What must be complete before it is in here. */
  readonly body: string
}

/** A vmlinux.h in the form that bpftool gives it; of another form, fewer definitions are seen. */
export interface Header {
  readonly text: string
  readonly definitions: readonly Definition[]
  readonly byName: ReadonlyMap<string, readonly Definition[]>
}

const blockRE = /^(typedef )?(struct|union)(?: (\w+))? \{\n([^]*?)^\}(.*);$/gm
const typedefRE = /^typedef (\w[\w ]*?) (\w+)(?:\[\w*\])*;$/gm
/** Directives, and names that hold outside too. */
const unusualRE = /^\s*#|\b(?:struct|union|enum)\s+\w+\s*\{|\benum\s*\{/m

export function readHeader(text: string): Header {
  const blocks = Array.from(text.matchAll(blockRE), (match): Definition => {
    const [all, typedef, kind, tag, body = '', rest = ''] = match
    const alias = typedef && /\w+$/.exec(rest)?.[0]
    const names = [tag && `${kind} ${tag}`, alias].filter((name) => name !== undefined)
    const isUsual = rest === '' || rest === ' __attribute__((packed))'
    const isRecord = !typedef && tag !== undefined && isUsual && !unusualRE.test(body)
    return { names, isRecord, start: match.index, end: match.index + all.length, body }
  })
  const typedefs = Array.from(text.matchAll(typedefRE), (match): Definition => {
    const [all, type = '', name = ''] = match
    const end = match.index + all.length
    return { names: [name], isRecord: false, start: match.index, end, body: `${type} ${name}` }
  })
  const definitions = [...blocks, ...typedefs].toSorted((a, b) => a.start - b.start)
  const byName = new Map<string, Definition[]>()
  for (const definition of definitions) {
    for (const name of definition.names) {
      byName.set(name, [...(byName.get(name) ?? []), definition])
    }
  }
  return { text, definitions, byName }
}

/** What C may speak of by these words, of what the header defines. */
export function definitionsNamed(words: Iterable<string>, { byName }: Header): Set<string> {
  const names = new Set<string>()
  for (const word of words) {
    // bpf_helpers.h: bpf_for_each(task, …) has a variable of struct bpf_iter_task.
    const tags = [word, `bpf_iter_${word}`].flatMap((tag) => [`struct ${tag}`, `union ${tag}`])
    for (const name of [word, ...tags]) if (byName.has(name)) names.add(name)
  }
  return names
}

/** With all that must be complete for these to be. */
export function reachableFrom(names: Iterable<string>, { byName }: Header): Set<string> {
  const closed = new Set<string>()
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const definitions = byName.get(name)
    if (!definitions || closed.has(name)) continue
    closed.add(name)
    open.push(...definitions.flatMap(({ body }) => contained(body)))
  }
  return closed
}

/** The records that are no pointer's target alone, and every other word: it may be a typedef. */
function contained(body: string): string[] {
  const records = body.matchAll(/\b(struct|union)\s+(\w+)(?!\w|\s*\*)/g)
  return [...Array.from(records, ([, kind, tag]) => `${kind} ${tag}`), ...wordsOf(body)]
}

export function wordsOf(text: string): Set<string> {
  return new Set(text.match(/\b[A-Za-z_]\w*/g))
}

/** A header without the definitions of most of its records. */
export interface MinimisedHeader {
  /** Still spoken of: they must be complete. */
  readonly stubs: readonly string[]
  /** The text, of as many lines as the header's. */
  print: (layouts: ReadonlyMap<string, RecordLayout>) => string
}

/**
 * Leaves out the records that are not needed and that nothing left speaks of. Of those spoken of only size and
 * alignment are left, not a mere declaration: clang's BTF puts that elsewhere, and sizeof and assignment
 * would be errors.
 */
export function minimiseHeader(
  { definitions, text }: Header,
  needed: ReadonlySet<string>,
): MinimisedHeader {
  const gone = definitions.filter(
    ({ isRecord, names }) => isRecord && !names.some((name) => needed.has(name)),
  )
  const left = pieces(text, gone)
  const spoken = new Set(left.flatMap((piece) => [...wordsOf(piece)]))
  const isSpoken = ({ names: [name = ''] }: Definition): boolean =>
    spoken.has(name.slice(name.indexOf(' ') + 1))
  const stubs = gone.filter(isSpoken).flatMap(({ names }) => names)
  const print = (layouts: ReadonlyMap<string, RecordLayout>): string =>
    left
      .map((piece, index) => {
        const definition = gone[index]
        if (!definition) return piece
        const [name = ''] = definition.names
        const layout = layouts.get(name)
        // Lines keep their numbers.
        const lines = text.slice(definition.start, definition.end).replaceAll(/[^\n]+/g, '')
        return `${piece}${layout ? stub(name, layout) : ''}${lines}`
      })
      .join('')
  return { stubs, print }
}

/** What lies between definitions. */
function pieces(text: string, gone: readonly Definition[]): string[] {
  const starts = [0, ...gone.map(({ end }) => end)]
  return starts.map((start, index) => text.slice(start, gone[index]?.start))
}

/** Const: no such struct can be assigned, which might be compiled in another way. */
const stub = (name: string, { align, size }: RecordLayout): string =>
  `${name} { const char ${STUB}[${size}]; } __attribute__((aligned(${align})));`
