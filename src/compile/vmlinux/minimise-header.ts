/** The member of every stub. An object whose BTF names it differs from one of the whole header. */
export const STUB = '__unplugin_bpf_stub'

/** A record's size and alignment, in bytes. */
export interface RecordLayout {
  readonly size: number
  readonly align: number
}

interface Definition {
  /** `struct task_struct`, `union thread_union`, the name of a typedef. */
  readonly names: readonly string[]
  /** Whether a stub can replace it. */
  readonly isRecord: boolean
  readonly start: number
  readonly end: number
  /** The text that names the types which must be complete before it. */
  readonly body: string
}

/** A vmlinux.h as bpftool formats it. In another format fewer definitions are recognised. */
export interface Header {
  readonly text: string
  readonly definitions: readonly Definition[]
  readonly byName: ReadonlyMap<string, readonly Definition[]>
}

const blockRE = /^(typedef )?(struct|union)(?: (\w+))? \{\n([^]*?)^\}(.*);$/gm
const typedefRE = /^typedef (\w[\w ]*?) (\w+)(?:\[\w*\])*;$/gm
/** Directives, and inner definitions whose names are known outside too. */
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

/** Returns the header's definitions that C may name with these words. */
export function definitionsNamed(words: Iterable<string>, { byName }: Header): Set<string> {
  const names = new Set<string>()
  for (const word of words) {
    // bpf_helpers.h: bpf_for_each(task, …) has a variable of struct bpf_iter_task.
    const tags = [word, `bpf_iter_${word}`].flatMap((tag) => [`struct ${tag}`, `union ${tag}`])
    for (const name of [word, ...tags]) if (byName.has(name)) names.add(name)
  }
  return names
}

/** Returns the names with all definitions that must be complete before them. */
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

/** Returns the records in a body that are not merely pointed to, and every word, as it may be a typedef. */
function contained(body: string): string[] {
  const records = body.matchAll(/\b(struct|union)\s+(\w+)(?!\w|\s*\*)/g)
  return [...Array.from(records, ([, kind, tag]) => `${kind} ${tag}`), ...wordsOf(body)]
}

export function wordsOf(text: string): Set<string> {
  return new Set(text.match(/\b[A-Za-z_]\w*/g))
}

/** A header from which the definitions of most records are left out. */
export interface MinimisedHeader {
  /** The records that remaining text names: they must be complete. */
  readonly stubs: readonly string[]
  /** Prints the text, with as many lines as the header. */
  print: (layouts: ReadonlyMap<string, RecordLayout>) => string
}

/**
 * Leaves out the records that are not needed. Those that the remaining text names become stubs of their size and alignment.
 * A declaration would not do: clang places it elsewhere in BTF, and sizeof and assignment would be errors.
 */
export function minimiseHeader(
  { definitions, text }: Header,
  needed: ReadonlySet<string>,
): MinimisedHeader {
  const omitted = definitions.filter(
    ({ isRecord, names }) => isRecord && !names.some((name) => needed.has(name)),
  )
  const remaining = pieces(text, omitted)
  const mentioned = new Set(remaining.flatMap((piece) => [...wordsOf(piece)]))
  const isMentioned = ({ names: [name = ''] }: Definition): boolean =>
    mentioned.has(name.slice(name.indexOf(' ') + 1))
  const stubs = omitted.filter(isMentioned).flatMap(({ names }) => names)
  const print = (layouts: ReadonlyMap<string, RecordLayout>): string =>
    remaining
      .map((piece, index) => {
        const definition = omitted[index]
        if (!definition) return piece
        const [name = ''] = definition.names
        const layout = layouts.get(name)
        // Newlines stay, so that lines keep their numbers.
        const lines = text.slice(definition.start, definition.end).replaceAll(/[^\n]+/g, '')
        return `${piece}${layout ? stub(name, layout) : ''}${lines}`
      })
      .join('')
  return { stubs, print }
}

/** Returns the text between the omitted definitions. */
function pieces(text: string, omitted: readonly Definition[]): string[] {
  const starts = [0, ...omitted.map(({ end }) => end)]
  return starts.map((start, index) => text.slice(start, omitted[index]?.start))
}

/** Returns a stub. Its member is const, so that assignment of the struct, which would compile differently, is an error. */
const stub = (name: string, { align, size }: RecordLayout): string =>
  `${name} { const char ${STUB}[${size}]; } __attribute__((aligned(${align})));`
