import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

import { FormatError } from '../../elf/format-error.ts'
import { canonicaliseBtf } from '../canonical-btf/canonical-order.ts'
import { CompileError } from '../compile-error.ts'
import type { Job } from '../job.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { textOf } from '../text-of.ts'
import { type Precompiled, precompiledFlags } from '../vmlinux/precompiled.ts'
import { type Vmlinux, vmlinuxHeader } from '../vmlinux/vmlinux.ts'
import { languageFlags, messageFlags, namedFrom, outputFlags } from './arguments.ts'
import { parseDepfile } from './depfile.ts'
import type { Diagnostic } from './diagnostics.ts'
import { parseDiagnostics } from './parse-diagnostics.ts'
import { runProcess } from './run-process.ts'
import { systemHeaders } from './system-headers.ts'

/** The result of compiling a source. */
export interface Translation {
  /** Undefined after an error. */
  readonly object: Uint8Array | undefined
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute paths, the source first, without a generated vmlinux.h. After an error, those known. */
  readonly dependencies: readonly string[]
  /** The dependencies that clang treats as system headers; none after an error. */
  readonly systemHeaders: readonly string[]
  /** The origin of the generated vmlinux.h that the source includes (vmlinuxOrigin()). */
  readonly vmlinux: string | undefined
}

export interface ClangRun extends Translation {
  /** Every file that clang read but the source. */
  readonly headers: readonly string[]
}

/** Runs clang over a source, with the folder of `vmlinux` in its search path and the precompiled headers before it. */
export async function runClang(
  job: Job,
  vmlinux: Vmlinux | undefined,
  precompiled: Precompiled | undefined,
): Promise<ClangRun> {
  const { arch, clang, options, source } = job
  const folder = dirname(source)
  const temporary = temporaryFolder()
  const objectFile = join(temporary.path, 'object.o')
  const depfile = join(temporary.path, 'object.d')
  try {
    const language = [
      ...languageFlags(folder, arch, options, clang),
      ...(vmlinux ? vmlinuxFlags(folder, vmlinux) : []),
    ]
    // ./ keeps a name that begins with a dash from being a flag.
    const name = basename(source).replace(/^-/, './-')
    const args = [
      ...language,
      ...outputFlags(),
      ...messageFlags(),
      ...(precompiled ? precompiledFlags(precompiled) : []),
    ]
    args.push('-MD', '-MF', depfile, '-c', name, '-o', objectFile)
    const { exitCode, stderr } = await runProcess(clang.path, args, folder)
    const diagnostics = parseDiagnostics(stderr, folder, source)
    if (exitCode !== 0 && !diagnostics.some(({ severity }) => severity === 'error')) {
      const output = stderr.trimEnd().split('\n').slice(0, 10).join('\n')
      throw new CompileError(
        `${clang.path} failed on ${source} (exit code ${exitCode}):\n${output}`,
      )
    }
    const object = exitCode === 0 ? readObject(objectFile, job) : undefined
    const listed = parseDepfile(textOf(depfile) ?? '')
    const headers = listed.map((name) => resolve(folder, name)).filter((name) => name !== source)
    const dependencies = headers.flatMap((file) => {
      if (file !== vmlinux?.header || !vmlinux.origin) return [file]
      return options.vmlinux === 'auto' ? [] : [options.vmlinux]
    })
    const request = { clang, options, folder, args: [...language, name] }
    return {
      object,
      diagnostics,
      headers,
      systemHeaders: object ? await systemHeaders(headers, request) : [],
      dependencies: [source, ...dependencies],
      vmlinux: headers.includes(vmlinux?.header ?? '') ? vmlinux?.origin : undefined,
    }
  } finally {
    temporary.remove()
  }
}

function readObject(file: string, { clang, source }: Job): Uint8Array {
  const object = new Uint8Array(readFileSync(file))
  try {
    canonicaliseBtf(object)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    if (error.format !== 'ELF') {
      const message = `the object that ${clang.path} made of ${source} cannot be read: ${error.message}`
      throw new CompileError(message, { cause: error })
    }
    const advice =
      'Remove flags that ask for another output (-S, -E, -emit-llvm, -flto) from cflags'
    throw new CompileError(`${clang.path} did not write an object for ${source}. ${advice}`, {
      cause: error,
    })
  }
  return object
}

/**
 * Returns the flags that let clang find a vmlinux.h: searched last, so that the user's own header wins, and under one name
 * in debug information wherever the cache lies. Warnings in it are shown, as they concern the program: a member that C
 * does not see moves the members behind it.
 */
function vmlinuxFlags(folder: string, vmlinux: Vmlinux): string[] {
  if (vmlinux.origin === undefined) {
    return [`-fdebug-prefix-map=${vmlinux.folder}=${namedFrom(folder, vmlinux.folder)}`]
  }
  return [
    '-idirafter',
    vmlinux.folder,
    `--no-system-header-prefix=${vmlinuxHeader}`,
    `-fdebug-prefix-map=${vmlinux.folder}=/vmlinux`,
  ]
}
