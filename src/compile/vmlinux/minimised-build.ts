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

/** Four files each, 7 MB: of some 24 sources. */
const keptFiles = 96

/** Milliseconds. What has asked for the object goes on with it first. */
const delay = 300

/** Of a smaller one clang describes all types in no time. */
const smallestHeader = 500_000

/** A precompiled vmlinux.h of the types that a source needs, for when it is compiled again. */
export interface MinimisedBuild {
  readonly precompiled: Precompiled
  /** What it consists of. */
  readonly cacheFiles: readonly string[]
  readonly header: Header
  /** Names of the header: what it has whole. */
  readonly needed: ReadonlySet<string>
  /** All that clang read but what was precompiled; the source is the first. */
  readonly files: readonly string[]
}

interface State {
  /** Undefined until it is made. */
  build: MinimisedBuild | undefined
  /** Words of errors with a shortcut, and of the lines that those show. */
  readonly missed: Set<string>
  /** It was made for all that is known to be needed, and did not serve. */
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

/** The shortcut for the source as it now is, if there is one. */
export function minimisedBuildFor(job: Job, whole: Precompiled): MinimisedBuild | undefined {
  const { isHopeless, build: shortcut } = stateFor(job, whole)
  if (!shortcut || isHopeless || !hasAllNamed(shortcut.files, shortcut)) return undefined
  for (const file of shortcut.cacheFiles) markUsed(file)
  return shortcut
}

/**
 * Whether the result is what the whole header would have given: nothing was missing, no stub is described in
 * BTF, and no message shows the header.
 */
export function equalsWholeHeader(
  { diagnostics, headers, object }: ClangRun,
  shortcut: MinimisedBuild,
): boolean {
  if (
    !object ||
    diagnostics.some((diagnostic) => dependsOnHeaderText(diagnostic, shortcut.precompiled))
  )
    return false
  const btf = btfOf(object)
  if (btf && Buffer.from(btf.buffer, btf.byteOffset, btf.length).includes(STUB)) return false
  const [source = ''] = shortcut.files
  return hasAllNamed([source, ...ownHeaders(headers, shortcut.precompiled)], shortcut)
}

/** Remembers what a run with the shortcut lacked; none: its file is damaged. */
export function noteFailure(job: Job, whole: Precompiled, run: ClangRun | undefined): void {
  const state = stateFor(job, whole)
  if (!run) state.build = undefined
  const errors = run?.diagnostics.filter(({ severity }) => severity === 'error') ?? []
  for (const { message, notes } of errors) {
    const words = wordsOf([message, ...notes.map(({ sourceLine }) => sourceLine)].join('\n'))
    for (const word of words) state.missed.add(word)
  }
}

/** A source that was compiled again, with the whole header. */
export interface Rebuild {
  readonly job: Job
  readonly vmlinux: Vmlinux
  readonly whole: Precompiled
  readonly run: ClangRun
  /** The shortcut that did not serve. */
  readonly tried: MinimisedBuild | undefined
}

/** Makes the shortcut for the next time. No build waits for it, nor the process's end. */
export function minimiseLater(rebuild: Rebuild): void {
  const { job, run, whole } = rebuild
  const state = stateFor(job, whole)
  if (state.isMaking || !run.object) return
  state.isMaking = true
  const make = (): Promise<void> =>
    makeMinimisedBuild(rebuild, state)
      .catch((error: unknown) => debug?.('no shortcut for %s: %s', job.source, error))
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

/** For tests: resolves when all that were begun are made. */
export async function minimisingSettled(): Promise<void> {
  await Promise.all(making)
}

async function makeMinimisedBuild(rebuild: Rebuild, state: State): Promise<void> {
  const { job, run, tried, vmlinux, whole } = rebuild
  const { clang, options, source } = job
  const { headers, object } = run
  // The cache may be gone by now, and is not to be made anew.
  if (!object || !existsSync(whole.file)) return
  const files = [source, ...ownHeaders(headers, whole)]
  const own = ownText(files, whole)
  const header = own === undefined ? undefined : await headerOf(vmlinux)
  if (own === undefined || !header) return

  const words = [...wordsOf(own), ...state.missed]
  const last = state.build
  const names = [...(last?.needed ?? []), ...namesInBtf(object), ...definitionsNamed(words, header)]
  const needed = reachableFrom(names, header)
  if (last && needed.size === last.needed.size) {
    if (last === tried) state.isHopeless = true
    state.build = { ...last, files }
    return
  }
  const started = performance.now()
  const cut = minimiseHeader(header, needed)
  const folder = join(options.cacheDir, 'cut')
  const text = cut.print(await recordLayouts(cut.stubs, whole, clang, folder))
  const made = await precompileMinimised(text, vmlinux, whole, clang, folder)
  if (!made) return
  state.build = { ...made, header, needed, files }
  state.isHopeless = false
  debug?.('shortcut for %s made (%d ms)', source, Math.round(performance.now() - started))
}

/** Clang reads it under the header's name, so that nothing else differs. */
async function precompileMinimised(
  text: string,
  { header }: Vmlinux,
  { file, flags, headers }: Precompiled,
  clang: Clang,
  folder: string,
): Promise<Pick<MinimisedBuild, 'precompiled' | 'cacheFiles'> | undefined> {
  const content = digest(basename(file), text).slice(0, 32)
  const cut = join(folder, `${content}.h`)
  const overlay = join(folder, `${content}.json`)
  const root = { name: header, type: 'file', 'external-contents': cut }
  await writeAtomic(cut, text)
  await writeAtomic(
    overlay,
    JSON.stringify({ version: 0, 'use-external-names': false, roots: [root] }),
  )
  const ahead = { headers, content, flags, overlay }
  const precompiled = await precompile(ahead, clang, {
    folder,
    maxFiles: keptFiles,
    isBackground: true,
  })
  return precompiled && { precompiled, cacheFiles: [cut, overlay, ...filesOf(precompiled)] }
}

let lastHeader: { readonly content: string; readonly header: Header } | undefined

/** Undefined if it has changed, is small, or has macros that could hold anything. */
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
  [{ file }, ...notes, ...includedFrom].some((place) => place.file === header)

/** What may speak of the header's types: libbpf's own only names them behind pointers. */
const ownHeaders = (headers: readonly string[], { headers: ahead }: Precompiled): string[] =>
  headers.filter((file) => !ahead.includes(file) && !libbpfRE.test(basename(file)))
const libbpfRE = /^bpf_(?:core_read|endian|helper_defs|helpers|tracing)\.h$/

/** By which C speaks of a type without its name: a variable of `typeof(*task->mm)` would hold a stub. */
const unnamedTypeRE = /##|\b_*typeof|\b__auto_type\b/

/** The files' text, and what flags define; undefined if that does not name all types that it has by value. */
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
