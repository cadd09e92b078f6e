import { basename, resolve, sep } from 'node:path'

import type { ResolvedOptions } from '../options/options.ts'
import { vmlinuxHeader } from '../vmlinux/vmlinux.ts'
import { parseDepfile } from './depfile.ts'
import type { Clang } from './find-clang.ts'
import { runProcess } from './run-process.ts'

/**
 * Which of the headers that a source includes are the system's in clang's own sense: found in a folder of
 * -isystem, -idirafter or clang's own list, or included by such a header.
 *
 * @param headers Absolute.
 * @param compile Asked of clang where the folders alone do not tell.
 */
export async function systemHeaders(
  headers: readonly string[],
  { clang, options, folder, args }: Compile,
): Promise<readonly string[]> {
  const inSystem = headers.filter((header) => isInSystemFolder(header, clang))
  const unknown = headers.some(
    // Nobody's own, wherever it lies.
    (header) => basename(header) !== vmlinuxHeader && !isCertain(header, clang, options),
  )
  if (!unknown) return inSystem
  // -MM lists the user's headers where -MD lists all.
  const { exitCode, stdout, stderr } = await runProcess(clang.path, [...args, '-w', '-MM'], folder)
  if (exitCode !== 0) throw new Error(`${clang.path} -MM failed: ${stderr}`)
  const own = new Set(parseDepfile(stdout).map((name) => resolve(folder, name)))
  return headers.filter((header) => !own.has(header))
}

interface Compile {
  readonly clang: Clang
  readonly options: ResolvedOptions
  /** Where clang runs. */
  readonly folder: string
  /** The source, and what decides the meaning of its includes. */
  readonly args: readonly string[]
}

/** Flags that make a folder the system's: of the project's own headers, clang may take some for the system's. */
const MAKES_SYSTEM =
  /^-(?:isystem|idirafter|iwithprefix|isysroot|cxx-isystem|Xclang|-system-header-prefix|-sysroot)/

/** Whether a header's folder tells whose it is: the project's, or one that clang searches by itself. */
function isCertain(
  header: string,
  clang: Clang,
  { cflags, include, root }: ResolvedOptions,
): boolean {
  const isOwn = header.startsWith(root + sep)
  const environment = process.env['C_INCLUDE_PATH'] ?? ''
  if (environment !== '' || cflags.some((flag) => MAKES_SYSTEM.test(flag))) return false
  if (!isInSystemFolder(header, clang)) return isOwn
  const given = [...include, ...cflags.map((flag) => flag.replace(/^-(?:I|iquote)/, ''))]
  return !isOwn && !given.some((folder) => isInSystemFolder(`${folder}${sep}`, clang))
}

function isInSystemFolder(file: string, { systemIncludes }: Clang): boolean {
  return (
    systemIncludes.some((folder) => file.startsWith(folder + sep)) || COMPILER_FOLDER.test(file)
  )
}

/** The headers that come with clang. */
const COMPILER_FOLDER = /[/\\]lib[/\\]clang[/\\][\d.]+[/\\]include[/\\]/
