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
  /** Whether this process has compiled the source before. */
  readonly isRebuild: boolean
}

/** Compiles the source with clang. `vmlinux.h` is generated when the source includes one that no include path has. */
export async function translate(job: Job, options: TranslateOptions): Promise<Translation> {
  const { cflags, include } = job.options
  const folders = [...include, ...includeFolders(cflags)]
  const leading = leadingInclude(job.source, folders, vmlinuxHeader)
  if (leading?.path !== undefined) {
    return translateWith(job, options, { leading, vmlinux: ownVmlinux(leading.path) })
  }
  // If the source does not begin with it, only clang can tell whether it is included and missing.
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

  const minimised = isRebuild ? minimisedBuildFor(job, whole) : undefined
  if (minimised) {
    const run = await runPrecompiled(job, vmlinux, minimised.precompiled)
    if (run && equalsWholeHeader(run, minimised)) return run
    debug?.('%s needs the whole header', job.source)
    noteFailure(job, whole, run)
  }
  const run = await runPrecompiled(job, vmlinux, whole)
  if (!run) return runClang(job, vmlinux, undefined)
  if (isRebuild) minimiseLater({ job, vmlinux, whole, run, tried: minimised })
  return run
}

/** Compiles with a precompiled header. Undefined if it does not do for the source. */
async function runPrecompiled(
  job: Job,
  vmlinux: Vmlinux,
  precompiled: Precompiled,
): Promise<ClangRun | undefined> {
  // The file is verified while clang already runs: with a damaged one clang may do anything, even succeed.
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

/** Precompiles the header. Undefined where parsing it before the source could give another result. */
async function precompiledFor(
  { arch, clang, options, source }: Job,
  { macros, following }: LeadingInclude,
  { content, header }: Vmlinux,
): Promise<Precompiled | undefined> {
  // These flags include something before the header, or change its meaning.
  if (options.cflags.some((flag) => /^-(-?include|-?imacros|Xclang|fmodules)/.test(flag)))
    return undefined
  if (macros.length > 0) {
    const text = await readFile(header, 'utf8')
    if (macros.some((macro) => text.includes(macro))) return undefined
  }
  const libbpf = precompilableHeaders(following, macros, options, clang)
  const flags = languageFlags(dirname(source), arch, { ...options, include: [] }, clang)
  const toPrecompile = {
    headers: [header, ...libbpf.headers] as const,
    content: digest(content, libbpf.content),
    flags,
  }
  return precompile(toPrecompile, clang, pchFolder(options.cacheDir))
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
