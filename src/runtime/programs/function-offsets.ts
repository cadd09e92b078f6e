import { didYouMean } from '../../text/nearest-names.ts'
import { STB_LOCAL, STB_WEAK } from '../../uapi/elf.ts'
import { withOpened } from '../descriptors/path.ts'
import { EINVAL, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { openedFile, readElfFile } from '../symbols/elf-file.ts'
import type { ElfFunction } from '../symbols/elf-functions.ts'
import { elfFunctions, functionNames, parseVersionedName } from '../symbols/elf-functions.ts'
import type { Program } from './program.ts'

/** What error messages name. */
export interface LookupContext {
  readonly program: Program
  readonly operation: string
}

/**
 * Returns the offsets of functions in a file, in bytes. libbpf's own search knows no versions before 1.3, takes none of
 * several versions for the default, and fails for several functions in files with one symbol table.
 * @param names names with or without a version: `malloc`, `malloc@GLIBC_2.2.5`
 * @throws {BpfError} ENOENT when there is no function of a name; EINVAL when there are several
 */
export function offsetsOf(
  attempt: LookupContext,
  path: string,
  names: readonly string[],
): bigint[] {
  const asked = names.map((text) => ({ text, ...parseVersionedName(text) }))
  const all = groupByName(readFunctions(attempt, path, new Set(asked.map(({ name }) => name))))
  return asked.map(({ text, name, version }) => {
    const named = (all.get(name) ?? []).filter(
      (each) => version === undefined || each.version === version,
    )
    return BigInt(singleOffset(attempt, path, text, linkerChoice(named, version !== undefined)))
  })
}

/** Returns the offset of one function. @throws {BpfError} as offsetsOf */
export function offsetOf(attempt: LookupContext, path: string, name: string): bigint {
  const [offset = 0n] = offsetsOf(attempt, path, [name])
  return offset
}

/**
 * Returns the offset of each function that matches, once even when it has several names.
 * @param pattern may hold `*` and `?`
 * @throws {BpfError} ENOENT when none matches
 */
export function offsetsMatching(attempt: LookupContext, path: string, pattern: string): bigint[] {
  const offsets = readFunctions(attempt, path, glob(pattern))
    .filter(({ isIfunc }) => !isIfunc)
    .map(({ offset }) => offset)
  if (offsets.length > 0) return Array.from(new Set(offsets), BigInt)
  throw lookupError(attempt, ENOENT, `${path} has no function that matches ${pattern}`)
}

/** Names, or a pattern that they match. */
interface NameFilter {
  has(name: string): boolean
}

function readFunctions(
  attempt: LookupContext,
  path: string,
  wanted: NameFilter,
): readonly ElfFunction[] {
  return withOpened(path, (fd) => {
    const opened = openedFile(fd)
    const file = opened && readElfFile(opened.bytes)
    if (!file) {
      const advice = 'Give the path of a program or library, not of a script'
      throw lookupError(attempt, EINVAL, `${path} is not an ELF file`, advice)
    }
    const functions = elfFunctions(file, (name) => wanted.has(name))
    if (functions.count > 0) return functions.matching
    throw lookupError(
      attempt,
      ENOENT,
      `${path} is stripped of its symbols`,
      'Give offsets, or a binary with symbols',
    )
  })
}

function groupByName(
  functions: readonly ElfFunction[],
): ReadonlyMap<string, readonly ElfFunction[]> {
  const all = new Map<string, ElfFunction[]>()
  for (const each of functions) {
    const same = all.get(each.name)
    if (same) same.push(each)
    else all.set(each.name, [each])
  }
  return all
}

/** Chooses as a linker does: the default version, and global symbols before weak and local ones. */
function linkerChoice(
  functions: readonly ElfFunction[],
  byVersion: boolean,
): readonly ElfFunction[] {
  const rank = ({ hidden, binding }: ElfFunction): number => {
    if (hidden && !byVersion) return 0
    return binding === STB_LOCAL ? 1 : binding === STB_WEAK ? 2 : 3
  }
  const highest = Math.max(...functions.map(rank))
  return functions.filter((each) => rank(each) === highest)
}

function singleOffset(
  attempt: LookupContext,
  path: string,
  wanted: string,
  functions: readonly ElfFunction[],
): number {
  if (functions.some(({ isIfunc }) => isIfunc)) {
    const reason = `${wanted} of ${path} is an IFUNC, which chooses a function when a program starts`
    throw lookupError(attempt, ENOENT, reason, 'Name the function that it chooses')
  }
  const offsets = [...new Set(functions.map(({ offset }) => offset))]
  const [first] = offsets
  if (first === undefined)
    throw lookupError(attempt, ENOENT, ...missingFunctionReason(path, wanted))
  if (offsets.length === 1) return first
  const list = offsets.map((offset) => `0x${offset.toString(16)}`).join(', ')
  const reason = `${path} has several functions ${wanted}, at offsets ${list}`
  throw lookupError(attempt, EINVAL, reason, 'Give one of these offsets')
}

function lookupError(
  { program, operation }: LookupContext,
  errno: number,
  reason: string,
  hint?: string,
): BpfError {
  return new BpfError({ operation, object: program.title, errno, reason, hint })
}

/** Says why there is no function of the name, and what to do. */
function missingFunctionReason(path: string, wanted: string): [reason: string, hint: string] {
  const { name, version } = parseVersionedName(wanted)
  const { defined, imported } = withOpened(path, (fd) => {
    const opened = openedFile(fd)
    const file = opened && readElfFile(opened.bytes)
    return file ? functionNames(file) : { defined: [], imported: [] }
  })
  if (imported.includes(name)) {
    const advice =
      'Attach to the library that defines it: libc.so.6, or another of those that `ldd` lists'
    return [`${path} imports ${name}, and does not define it`, advice]
  }
  const meant = didYouMean(name, defined)
  if (version !== undefined && defined.includes(name)) {
    return [
      `${path} has no version ${version} of ${name}`,
      'Leave the version out for the default one',
    ]
  }
  return [
    `${path} has no function ${name}${meant}`,
    'Static and inlined functions, and those of stripped files, have no name there: give attachUprobe() an offset, or another binary',
  ]
}

function glob(pattern: string): NameFilter {
  const source = pattern
    .replaceAll(/[\\^$.|+()[\]{}]/g, String.raw`\$&`)
    .replaceAll('?', '.')
    .replaceAll(/\*+/g, '.*')
  const expression = new RegExp(`^${source}$`, 's')
  return { has: (name) => expression.test(name) }
}
