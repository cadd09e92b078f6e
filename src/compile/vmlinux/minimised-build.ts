import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'

import { readBtf } from '../../btf/btf.ts'
import { readElf } from '../../elf/elf.ts'
import { writeAtomic } from '../cache/atomic-write.ts'
import { digest } from '../cache/digest.ts'
import { markUsed } from '../cache/prune.ts'
import type { Diagnostic } from '../clang/diagnostics.ts'
import type { Clang } from '../clang/find-clang.ts'
import type { ClangRun } from '../clang/run-clang.ts'
import { createDebugger } from '../debug.ts'
import type { Job } from '../job.ts'
import { textOf } from '../text-of.ts'
import {
  reachableFrom,
  minimiseHeader,
  type Header,
  definitionsNamed,
  readHeader,
  STUB,
  wordsOf,
} from './minimise-header.ts'
import { filesOf, type Precompiled, precompile } from './precompiled.ts'
import { recordLayouts } from './record-layouts.ts'
import { headerText, type Vmlinux } from './vmlinux.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

/** Four files, 7 MB in all, for each of some 24 sources. */
const keptFiles = 96

/** Milliseconds. The build that asked for the object goes on first. */
const delay = 300

/** Bytes. A smaller header takes no time to begin with. */
const smallestHeader = 500_000

/** A precompiled vmlinux.h with only the types that a source needs, for when the source is compiled again. */
export interface MinimisedBuild {
  readonly precompiled: Precompiled
  /** Its files in the cache. */
  readonly cacheFiles: readonly string[]
  readonly header: Header
  /** The names of the definitions that it has in full. */
  readonly needed: ReadonlySet<string>
  /** Every file that clang read but the precompiled ones, the source first. */
  readonly files: readonly string[]
}

interface State {
  /** The minimised build; undefined until it is made. */
  build: MinimisedBuild | undefined
  /** The words in errors of minimised builds, and in the source lines of those errors. */
  readonly missed: Set<string>
  /** Set when a build with all that is known to be needed still did not do. */
  isHopeless: boolean
  isMaking: boolean
}

const states = new Map<string, State>()

function stateFor({ source }: Job, { file }: Precompiled): State {
  const key = `${source}\n${file}`
  const state = states.get(key) ?? {
    build: undefined,
    missed: new Set(),
    isHopeless: false,
    isMaking: false,
  }
  states.set(key, state)
  return state
}

/** Returns the minimised build for the source as it now is, if there is one. */
export function minimisedBuildFor(job: Job, whole: Precompiled): MinimisedBuild | undefined {
  const { isHopeless, build: minimised } = stateFor(job, whole)
  if (!minimised || isHopeless || !hasAllNamed(minimised.files, minimised)) return undefined
  for (const file of minimised.cacheFiles) markUsed(file)
  return minimised
}

/**
 * Whether the result equals that of the whole header: nothing was missing, BTF describes no stub, and no message refers to
 * the header.
 */
export function equalsWholeHeader(
  { diagnostics, headers, object }: ClangRun,
  minimised: MinimisedBuild,
): boolean {
  if (
    !object ||
    diagnostics.some((diagnostic) => dependsOnHeaderText(diagnostic, minimised.precompiled))
  )
    return false
  const btf = btfOf(object)
  if (btf && Buffer.from(btf.buffer, btf.byteOffset, btf.length).includes(STUB)) return false
  const [source = ''] = minimised.files
  return hasAllNamed([source, ...ownHeaders(headers, minimised.precompiled)], minimised)
}

/** Remembers what a run with the minimised header lacked. No run means that its file is damaged. */
export function noteFailure(job: Job, whole: Precompiled, run: ClangRun | undefined): void {
  const state = stateFor(job, whole)
  if (!run) state.build = undefined
  const errors = run?.diagnostics.filter(({ severity }) => severity === 'error') ?? []
  for (const { message, notes } of errors) {
    const words = wordsOf([message, ...notes.map(({ sourceLine }) => sourceLine)].join('\n'))
    for (const word of words) state.missed.add(word)
  }
}

/** A source that was compiled again with the whole header. */
export interface Rebuild {
  readonly job: Job
  readonly vmlinux: Vmlinux
  readonly whole: Precompiled
  readonly run: ClangRun
  /** The minimised build that did not do. */
  readonly tried: MinimisedBuild | undefined
}

/** Makes the minimised header for the next build. Neither a build nor the end of the process waits for it. */
export function minimiseLater(rebuild: Rebuild): void {
  const { job, run, whole } = rebuild
  const state = stateFor(job, whole)
  if (state.isMaking || !run.object) return
  state.isMaking = true
  const make = (): Promise<void> =>
    makeMinimisedBuild(rebuild, state)
      .catch((error: unknown) => debug?.('no minimised header for %s: %s', job.source, error))
      .finally(() => {
        state.isMaking = false
      })
  const made = new Promise<void>((resolve) => {
    setTimeout(() => resolve(make()), delay).unref()
  })
  making.add(made)
  void made.then(() => making.delete(made))
}

const making = new Set<Promise<void>>()

/** For tests: resolves when no minimised header is being made. */
export async function minimisingSettled(): Promise<void> {
  await Promise.all(making)
}

async function makeMinimisedBuild(rebuild: Rebuild, state: State): Promise<void> {
  const { job, run, tried, vmlinux, whole } = rebuild
  const { clang, options, source } = job
  const { headers, object } = run
  // A cache that was deleted meanwhile is not made again.
  if (!object || !existsSync(whole.file)) return
  const files = [source, ...ownHeaders(headers, whole)]
  const text = ownText(files, whole)
  const header = text === undefined ? undefined : await headerOf(vmlinux)
  if (text === undefined || !header) return

  const words = [...wordsOf(text), ...state.missed]
  const last = state.build
  const names = [...(last?.needed ?? []), ...namesInBtf(object), ...definitionsNamed(words, header)]
  const needed = reachableFrom(names, header)
  if (last && needed.size === last.needed.size) {
    if (last === tried) state.isHopeless = true
    state.build = { ...last, files }
    return
  }
  const started = performance.now()
  const minimised = minimiseHeader(header, needed)
  const folder = join(options.cacheDir, 'minimised')
  const layouts = await recordLayouts(minimised.stubs, whole, clang, folder)
  const made = await precompileMinimised(minimised.print(layouts), vmlinux, whole, clang, folder)
  if (!made) return
  state.build = { ...made, header, needed, files }
  state.isHopeless = false
  debug?.('minimised header for %s made (%d ms)', source, Math.round(performance.now() - started))
}

/** Precompiles the minimised text. clang reads it under the header's path, so that nothing else differs. */
async function precompileMinimised(
  text: string,
  { header }: Vmlinux,
  { file, flags, headers }: Precompiled,
  clang: Clang,
  folder: string,
): Promise<Pick<MinimisedBuild, 'precompiled' | 'cacheFiles'> | undefined> {
  const content = digest(basename(file), text).slice(0, 32)
  const minimised = join(folder, `${content}.h`)
  const overlay = join(folder, `${content}.json`)
  const root = { name: header, type: 'file', 'external-contents': minimised }
  await writeAtomic(minimised, text)
  await writeAtomic(
    overlay,
    JSON.stringify({ version: 0, 'use-external-names': false, roots: [root] }),
  )
  const toPrecompile = { headers, content, flags, overlay }
  const precompiled = await precompile(toPrecompile, clang, {
    folder,
    maxFiles: keptFiles,
    isBackground: true,
  })
  return precompiled && { precompiled, cacheFiles: [minimised, overlay, ...filesOf(precompiled)] }
}

let lastHeader: { readonly content: string; readonly header: Header } | undefined

/** Reads the header. Undefined if it has changed, is small, or has macros that could contain anything. */
async function headerOf(vmlinux: Vmlinux): Promise<Header | undefined> {
  const { content } = vmlinux
  if (lastHeader?.content !== content) {
    const text = await headerText(vmlinux)
    if (text === undefined || text.length < smallestHeader || unnamedTypeRE.test(text))
      return undefined
    lastHeader = { content, header: readHeader(text) }
  }
  return lastHeader.header
}

function namesInBtf(object: Uint8Array): string[] {
  const btf = btfOf(object)
  if (!btf) return []
  return readBtf(btf).types.flatMap((type) => {
    if (type.kind === 'typedef') return [type.name]
    return type.kind === 'struct' || type.kind === 'union' ? [`${type.kind} ${type.name}`] : []
  })
}

const btfOf = (object: Uint8Array): Uint8Array | undefined =>
  readElf(object).sections.find(({ name }) => name === '.BTF')?.data

const dependsOnHeaderText = (
  { file, includedFrom, notes, severity }: Diagnostic,
  { headers: [header] }: Precompiled,
): boolean =>
  severity === 'error' ||
  [{ file }, ...notes, ...includedFrom].some((location) => location.file === header)

/** Returns the headers that may name the header's types. libbpf's headers name them behind pointers alone. */
const ownHeaders = (headers: readonly string[], { headers: precompiled }: Precompiled): string[] =>
  headers.filter((file) => !precompiled.includes(file) && !libbpfRE.test(basename(file)))
const libbpfRE = /^bpf_(?:core_read|endian|helper_defs|helpers|tracing)\.h$/

/** Ways to use a type without its name: a variable of `typeof(*task->mm)` would be a stub. */
const unnamedTypeRE = /##|\b_*typeof|\b__auto_type\b/

/** Returns the text of files and flags; undefined if it can use a type without naming it. */
function ownText(files: readonly string[], { flags }: Precompiled): string | undefined {
  const texts = [...flags, ...files.map(textOf)]
  const text = texts.includes(undefined) ? undefined : texts.join('\n')
  return text === undefined || unnamedTypeRE.test(text) ? undefined : text
}

function hasAllNamed(
  files: readonly string[],
  { header, needed, precompiled }: MinimisedBuild,
): boolean {
  const text = ownText(files, precompiled)
  return (
    text !== undefined &&
    [...definitionsNamed(wordsOf(text), header)].every((name) => needed.has(name))
  )
}
