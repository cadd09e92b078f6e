import type { BpfMap } from '../object/object.ts'
import type { Layouts } from './layout.ts'
import { hasPadding } from './padding.ts'

/** A warning about the source, at one of its declarations. */
export interface ModelWarning {
  readonly message: string
  /** The name of the declaration that the warning is about: a key of `SkeletonModel.declared`. */
  readonly subject: string
}

/** The kinds of map that find a value by all bytes of its key. */
const HASH_MAPS: ReadonlySet<string> = new Set([
  'HASH',
  'LRU_HASH',
  'PERCPU_HASH',
  'LRU_PERCPU_HASH',
  'HASH_OF_MAPS',
  'LPM_TRIE',
  'SOCKHASH',
  'RHASH',
])

/** Returns a warning for each hash map whose key has padding. */
export function paddedKeyWarnings(maps: readonly BpfMap[], layouts: Layouts): ModelWarning[] {
  return maps.flatMap(({ name, type, key, inner }) => {
    const isPadded = HASH_MAPS.has(type) && key !== undefined && hasPadding(layouts.of(key, name))
    const message = `the key of map ${name} has padding: a lookup compares those bits too, so zero the whole key in C (__builtin_memset) before filling it, or declare the padding as a member`
    return [
      ...(isPadded ? [{ message, subject: name.replace(/\.inner$/u, '') }] : []),
      ...(inner ? paddedKeyWarnings([inner], layouts) : []),
    ]
  })
}

/** Returns a warning for each type that becomes bytes; types that BTF and DWARF both describe warn once. */
export function layoutWarnings(all: readonly Layouts[]): ModelWarning[] {
  const warnings = new Map<string, ModelWarning>()
  for (const { type, member, subject, reason } of all.flatMap((layouts) => layouts.warnings)) {
    const what = member ? `member ${member} of ${type}` : type || subject || 'a type'
    const message = `${what} becomes bytes in JavaScript: ${reason}`
    const tag = type.replace(/^(?:struct|union|enum) /u, '')
    warnings.set(message, { message, subject: member ? `${tag}.${member}` : tag || subject })
  }
  return [...warnings.values()]
}
