import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

import { contentOf, digest } from './cache/digest.ts'
import { languageFlags } from './clang/arguments.ts'
import type { Diagnostic } from './clang/diagnostics.ts'
import { type ClangRun, runClang, type Translation } from './clang/run-clang.ts'
import { createDebugger } from './debug.ts'
import type { Job } from './job.ts'
import { includeFolders } from './options/flag-paths.ts'
import { describesExterns } from './vmlinux/described-externs.ts'
import { type LeadingInclude, leadingInclude } from './vmlinux/leading-include.ts'
import { precompilableHeaders } from './vmlinux/libbpf-headers.ts'
import {
  equalsWholeHeader,
  minimiseLater,
  noteFailure,
  minimisedBuildFor,
} from './vmlinux/minimised-build.ts'
import { dropPrecompiled, pchFolder, type Precompiled, precompile } from './vmlinux/precompiled.ts'
import { provideVmlinux, type Vmlinux, vmlinuxHeader } from './vmlinux/vmlinux.ts'

const debug = createDebugger('unplugin-bpf:compile')

export interface TranslateOptions {
  /** Whether this process has compiled the source before, and may again. */
  readonly isRebuild: boolean
}

/** Runs clang over the source; `vmlinux.h` is made when the source wants one and has none. */
export async function translate(job: Job, options: TranslateOptions): Promise<Translation> {
  const { cflags, include } = job.options
  const folders = [...include, ...includeFolders(cflags)]
  const leading = leadingInclude(job.source, folders, vmlinuxHeader)
  if (leading?.path !== undefined) {
    return translateWith(job, options, { leading, vmlinux: ownVmlinux(leading.path) })
  }
  // When the source does not begin with it, only clang can tell whether it is wanted and missing.
  const first = leading ? undefined : await translateWith(job, options, {})
  if (first && !first.diagnostics.some(missesVmlinux)) return first

  const vmlinux = await provideVmlinux(job.options)
  if (!('reason' in vmlinux)) return translateWith(job, options, { leading, vmlinux })
  return explainMissing(first ?? (await translateWith(job, options, {})), vmlinux.reason)
}

interface Headers {
  readonly vmlinux?: Vmlinux
  readonly leading?: LeadingInclude | undefined
}

/** With the header precompiled if it may be; one that fails is no reason to fail. */
async function translateWith(
  job: Job,
  { isRebuild }: TranslateOptions,
  { vmlinux, leading }: Headers,
): Promise<Translation> {
  if (!vmlinux || !leading) return runClang(job, vmlinux, undefined)
  const whole = await precompiledFor(job, leading, vmlinux)
  if (!whole) return runClang(job, vmlinux, undefined)

  const shortcut = isRebuild ? minimisedBuildFor(job, whole) : undefined
  if (shortcut) {
    const run = await runPrecompiled(job, vmlinux, shortcut.precompiled)
    if (run && equalsWholeHeader(run, shortcut)) return run
    debug?.('%s wants the whole header', job.source)
    noteFailure(job, whole, run)
  }
  const run = await runPrecompiled(job, vmlinux, whole)
  if (!run) return runClang(job, vmlinux, undefined)
  if (isRebuild) minimiseLater({ job, vmlinux, whole, run, tried: shortcut })
  return run
}

/** Undefined where it does not serve the source. */
async function runPrecompiled(
  job: Job,
  vmlinux: Vmlinux,
  precompiled: Precompiled,
): Promise<ClangRun | undefined> {
  // Its digest is taken while clang already runs: a damaged one may do anything, even compile.
  const [run, intact] = await Promise.allSettled([
    runClang(job, vmlinux, precompiled),
    precompiled.intact(),
  ])
  const isIntact = intact.status === 'fulfilled' && intact.value
  if (isIntact && run.status === 'fulfilled' && serves(run.value, vmlinux, precompiled)) {
    return run.value
  }
  debug?.('%s %s', precompiled.file, isIntact ? `does not serve ${job.source}` : 'is damaged')
  if (!isIntact) await dropPrecompiled(precompiled)
  return undefined
}

/**
 * Whether the source itself includes what was precompiled for it, and clang made of it what it makes without. A header
 * without an include guard is read twice, which shows as errors in it.
 */
function serves(
  { diagnostics, headers, object }: ClangRun,
  { header }: Vmlinux,
  precompiled: Precompiled,
): boolean {
  return (
    headers.every((file) => basename(file) !== vmlinuxHeader || file === header) &&
    !diagnostics.some(
      ({ file, message, severity }) =>
        (severity === 'error' && precompiled.headers.includes(file)) ||
        /\b(PCH|AST|precompiled|module) file\b/.test(message),
    ) &&
    (object === undefined || describesExterns(object))
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
  const libbpf = precompilableHeaders(following, macros, options, clang)
  const flags = languageFlags(dirname(source), arch, { ...options, include: [] }, clang)
  const ahead = {
    headers: [header, ...libbpf.headers] as const,
    content: digest(content, libbpf.content),
    flags,
  }
  return precompile(ahead, clang, pchFolder(options.cacheDir))
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
