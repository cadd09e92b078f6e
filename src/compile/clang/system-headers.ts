import { basename, resolve, sep } from 'node:path'

import type { ResolvedOptions } from '../options/options.ts'
import { vmlinuxHeader } from '../vmlinux/vmlinux.ts'
import { parseDepfile } from './depfile.ts'
import type { Clang } from './find-clang.ts'
import { runProcess } from './run-process.ts'

/**
 * Returns the headers that clang treats as system headers: those found in a folder of -isystem, -idirafter or clang's own
 * list, and those that such headers include.
 *
 * @param headers absolute paths
 * @param compile asked of clang where the folders alone do not tell
 */
export async function systemHeaders(
  headers: readonly string[],
  { clang, options, folder, args }: Compile,
): Promise<readonly string[]> {
  const inSystem = headers.filter((header) => isInSystemFolder(header, clang))
  const unknown = headers.some(
    // vmlinux.h is never the user's, wherever it lies.
    (header) => basename(header) !== vmlinuxHeader && !isCertain(header, clang, options),
  )
  if (!unknown) return inSystem
  // -MM lists the user's headers where -MD lists all.
  const { exitCode, stdout, stderr } = await runProcess(clang.path, [...args, '-w', '-MM'], folder)
  if (exitCode !== 0) throw new Error(`${clang.path} -MM failed: ${stderr}`)
  const userHeaders = new Set(parseDepfile(stdout).map((name) => resolve(folder, name)))
  return headers.filter((header) => !userHeaders.has(header))
}

interface Compile {
  readonly clang: Clang
  readonly options: ResolvedOptions
  /** The folder where clang runs. */
  readonly folder: string
  /** The source, and the flags that decide which headers it includes. */
  readonly args: readonly string[]
}

/** Flags that make a folder a system folder, after which clang may treat headers of the project as system headers. */
const MAKES_SYSTEM =
  /^-(?:isystem|idirafter|iwithprefix|isysroot|cxx-isystem|Xclang|-system-header-prefix|-sysroot)/

/** Whether a header's folder alone says if it is a system header: it is in the project, or clang searches it by default. */
function isCertain(
  header: string,
  clang: Clang,
  { cflags, include, root }: ResolvedOptions,
): boolean {
  const isInProject = header.startsWith(root + sep)
  const environment = process.env['C_INCLUDE_PATH'] ?? ''
  if (environment !== '' || cflags.some((flag) => MAKES_SYSTEM.test(flag))) return false
  if (!isInSystemFolder(header, clang)) return isInProject
  const given = [...include, ...cflags.map((flag) => flag.replace(/^-(?:I|iquote)/, ''))]
  return !isInProject && !given.some((folder) => isInSystemFolder(`${folder}${sep}`, clang))
}

function isInSystemFolder(file: string, { systemIncludes }: Clang): boolean {
  return (
    systemIncludes.some((folder) => file.startsWith(folder + sep)) || COMPILER_FOLDER.test(file)
  )
}

/** The headers that come with clang. */
const COMPILER_FOLDER = /[/\\]lib[/\\]clang[/\\][\d.]+[/\\]include[/\\]/
