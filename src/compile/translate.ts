import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

import { FormatError } from '../elf/format-error.ts'
import { languageFlags, messageFlags, namedFrom, outputFlags } from './arguments.ts'
import { CompileError } from './compile-error.ts'
import { createDebugger } from './debug.ts'
import { parseDepfile } from './depfile.ts'
import type { Diagnostic } from './diagnostics.ts'
import { contentOf, digest } from './digest.ts'
import { includeFolders } from './flag-paths.ts'
import { orderForwards } from './forward-order.ts'
import type { Job } from './job.ts'
import { type LeadingInclude, leadingInclude } from './leading-include.ts'
import { libbpfHeaders } from './libbpf-headers.ts'
import { parseDiagnostics } from './parse-diagnostics.ts'
import { dropPrecompiled, type Precompiled, precompile } from './precompiled.ts'
import { run } from './run.ts'
import { provideVmlinux, type Vmlinux, vmlinuxHeader } from './vmlinux.ts'

const debug = createDebugger('unplugin-bpf:compile')

/** What clang made of a source. */
export interface Translation {
  /** Undefined after an error. */
  readonly object: Uint8Array | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute, source first; those known, after an error. Without a generated vmlinux.h. */
  readonly dependencies: readonly string[]
  /** What the vmlinux.h that it includes was generated from, if that was generated. */
  readonly vmlinux: string | undefined
}

/** Runs clang over the source; `vmlinux.h` is made when the source wants one and has none. */
export async function translate(job: Job): Promise<Translation> {
  const { cflags, include } = job.options
  const folders = [...include, ...includeFolders(cflags)]
  const leading = leadingInclude(job.source, folders, vmlinuxHeader)
  if (leading?.found !== undefined) {
    return translateWith(job, { leading, vmlinux: ownVmlinux(leading.found) })
  }
  // When the source does not begin with it, only clang can tell whether it is wanted and missing.
  const first = leading ? undefined : await translateWith(job, {})
  if (first && !first.diagnostics.some(missesVmlinux)) return first

  const vmlinux = await provideVmlinux(job.options)
  if (!('reason' in vmlinux)) return translateWith(job, { leading, vmlinux })
  return explainMissing(first ?? (await translateWith(job, {})), vmlinux.reason)
}

interface Headers {
  readonly vmlinux?: Vmlinux
  readonly leading?: LeadingInclude | undefined
}

/** With the header precompiled if it may be; one that fails is no reason to fail. */
async function translateWith(job: Job, { vmlinux, leading }: Headers): Promise<Translation> {
  if (!vmlinux || !leading) return runClang(job, vmlinux, undefined)
  const precompiled = await precompiledFor(job, leading, vmlinux)
  if (!precompiled) return runClang(job, vmlinux, undefined)

  // Its digest is taken while clang already runs: a damaged one may do anything, even compile.
  const [run, intact] = await Promise.allSettled([
    runClang(job, vmlinux, precompiled),
    precompiled.intact,
  ])
  const isIntact = intact.status === 'fulfilled' && intact.value
  if (isIntact && run.status === 'fulfilled' && serves(run.value, vmlinux, precompiled)) {
    return run.value
  }
  debug?.('%s %s', precompiled.file, isIntact ? `does not serve ${job.source}` : 'is damaged')
  if (!isIntact) await dropPrecompiled(precompiled)
  return runClang(job, vmlinux, undefined)
}

/**
 * Whether the source itself includes what was precompiled for it, and clang could use that. One
 * without an include guard is read twice, which shows as errors in it.
 */
function serves(
  { diagnostics, headers }: ClangRun,
  { header }: Vmlinux,
  precompiled: Precompiled,
): boolean {
  return (
    headers.every((file) => basename(file) !== vmlinuxHeader || file === header) &&
    !diagnostics.some(
      ({ file, message, severity }) =>
        (severity === 'error' && precompiled.headers.includes(file)) ||
        /\b(PCH|AST|precompiled|module) file\b/.test(message),
    )
  )
}

/** Undefined where parsing the header before the source could mean something else. */
async function precompiledFor(
  { arch, clang, options, source }: Job,
  { macros, following }: LeadingInclude,
  { content, header }: Vmlinux,
): Promise<Precompiled | undefined> {
  // What these include comes before the header, or changes it.
  if (options.cflags.some((flag) => /^-(-?include|-?imacros|Xclang|fmodules)/.test(flag)))
    return undefined
  if (macros.length > 0) {
    const text = await readFile(header, 'utf8')
    if (macros.some((macro) => text.includes(macro))) return undefined
  }
  const libbpf = libbpfHeaders(following, macros, options, clang)
  const flags = languageFlags(dirname(source), arch, { ...options, include: [] }, clang)
  const all = digest(content, libbpf.content)
  return precompile([header, ...libbpf.headers], all, flags, clang, options.cacheDir)
}

interface ClangRun extends Translation {
  /** All that clang read but the source. */
  readonly headers: readonly string[]
}

async function runClang(
  job: Job,
  vmlinux: Vmlinux | undefined,
  precompiled: Precompiled | undefined,
): Promise<ClangRun> {
  const { arch, clang, options, source } = job
  const folder = dirname(source)
  const temporary = await mkdtemp(join(tmpdir(), 'unplugin-bpf-'))
  const objectFile = join(temporary, 'object.o')
  const depfile = join(temporary, 'object.d')
  try {
    const args = [
      ...languageFlags(folder, arch, options, clang),
      ...outputFlags(),
      ...messageFlags(),
      ...(precompiled ? ['-include-pch', precompiled.file] : []),
      ...(vmlinux ? vmlinuxFlags(folder, vmlinux) : []),
    ]
    // With ./, a name that begins with a dash is no flag.
    const name = basename(source).replace(/^-/, './-')
    args.push('-MD', '-MF', depfile, '-c', name, '-o', objectFile)
    const { exitCode, stderr } = await run(clang.path, args, folder)
    const diagnostics = parseDiagnostics(stderr, folder, source)
    if (exitCode !== 0 && !diagnostics.some(({ severity }) => severity === 'error')) {
      const words = stderr.trimEnd().split('\n').slice(0, 10).join('\n')
      throw new CompileError(`${clang.path} failed on ${source} (exit code ${exitCode}):\n${words}`)
    }
    const object = exitCode === 0 ? await readObject(objectFile, job) : undefined
    const listed = parseDepfile(await readFile(depfile, 'utf8').catch(() => ''))
    const headers = listed.map((name) => resolve(folder, name)).filter((name) => name !== source)
    const dependencies = headers.flatMap((file) => {
      if (file !== vmlinux?.header || !vmlinux.origin) return [file]
      return options.vmlinux === 'auto' ? [] : [options.vmlinux]
    })
    return {
      object,
      diagnostics,
      headers,
      dependencies: [source, ...dependencies],
      vmlinux: headers.includes(vmlinux?.header ?? '') ? vmlinux?.origin : undefined,
    }
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

async function readObject(file: string, { clang, source }: Job): Promise<Uint8Array> {
  const object = new Uint8Array(await readFile(file))
  try {
    orderForwards(object)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const advice =
      'leave out those of cflags that ask for another output (-S, -E, -emit-llvm, -flto)'
    throw new CompileError(`${clang.path} made no object of ${source}: ${advice}`, { cause: error })
  }
  return object
}

/** Found last, so that the user's own wins; and under one name wherever the cache lies. */
function vmlinuxFlags(folder: string, vmlinux: Vmlinux): string[] {
  if (vmlinux.origin === undefined) {
    return [`-fdebug-prefix-map=${vmlinux.folder}=${namedFrom(folder, vmlinux.folder)}`]
  }
  return ['-idirafter', vmlinux.folder, `-fdebug-prefix-map=${vmlinux.folder}=/vmlinux`]
}

function ownVmlinux(header: string): Vmlinux {
  return { header, folder: dirname(header), content: contentOf(header), origin: undefined }
}

const missesVmlinux = ({ message }: Diagnostic): boolean =>
  message === `'${vmlinuxHeader}' file not found`

const explainMissing = (translation: Translation, reason: string): Translation => ({
  ...translation,
  diagnostics: translation.diagnostics.map((diagnostic) =>
    missesVmlinux(diagnostic)
      ? { ...diagnostic, message: `${diagnostic.message}, and ${reason}` }
      : diagnostic,
  ),
})
