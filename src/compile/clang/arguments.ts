import { dirname, isAbsolute, parse, relative, sep } from 'node:path'

import { type Arch, clangTarget } from '../options/arch.ts'
import { mapPaths } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { kernelFlags } from '../vmlinux/kernel-flags.ts'
import type { Clang } from './find-clang.ts'

/**
 * clang runs in the source's folder and names the project's files relative to it, so that debug
 * information and `__FILE__` are the same wherever the project lies.
 */
export function namedFrom(folder: string, path: string): string {
  if (!isAbsolute(path)) return path
  const name = relative(folder, path) || '.'
  // One that shares no folder with the source belongs to the machine, not to the project.
  const shared = commonFolder(folder, path)
  return isAbsolute(name) || shared === parse(path).root ? path : name.split(sep).join('/')
}

function commonFolder(a: string, b: string): string {
  let folder = a
  while (relative(folder, b).startsWith('..') && dirname(folder) !== folder)
    folder = dirname(folder)
  return folder
}

/** What decides the meaning of the C: the same for the program and for a header precompiled for it. */
export function languageFlags(
  folder: string,
  arch: Arch,
  options: ResolvedOptions,
  clang: Clang,
): string[] {
  return [
    // Ours, which the user's flags may override.
    '-O2', // Unoptimised code seldom passes the verifier.
    // 32-bit jumps and atomics, which the oldest kernel that we load into has (clang's default until 20 is v1). Without
    // them 32-bit comparisons are made of shifts, over which older verifiers lose the bounds.
    '-mcpu=v3',
    '-fno-stack-protector', // Some distributions turn it on by default; BPF has none.
    ...kernelFlags,
    `-D__TARGET_ARCH_${arch}`, // What libbpf's bpf_tracing.h knows registers by.

    // The user's.
    ...options.include.map((path) => `-I${namedFrom(folder, path)}`),
    ...Object.entries(options.defines).flatMap(([name, body]) => define(name, body)),
    ...mapPaths(options.cflags, (path) => namedFrom(folder, path)),

    // Those that hold in any case.
    ...clang.systemIncludes.flatMap((path) => ['-idirafter', path]),
    '-target',
    clangTarget(arch),
    '-g', // BTF is made from it.
  ]
}

/** What the object and its debug information hold. */
export function outputFlags(): string[] {
  return [
    // The source's place is not part of its object: equal sources give equal bytes.
    '-fdebug-compilation-dir=.',
    '-fno-ident',
    // Types that no code uses, and macros, are in no BTF: JavaScript wants both by name.
    '-fno-eliminate-unused-debug-types',
    '-fdebug-macro',
  ]
}

/** The form of messages that parse-diagnostics.ts reads. */
export function messageFlags(): string[] {
  return [
    '-fno-color-diagnostics',
    '-fdiagnostics-format=clang',
    '-fdiagnostics-show-option',
    '-fshow-column',
    '-fshow-source-location',
    '-fcaret-diagnostics', // Fix-its are printed with the caret or not at all.
    '-fdiagnostics-print-source-range-info',
    '-fdiagnostics-parseable-fixits',
    '-fmessage-length=0', // No wrapping.
    '-fno-crash-diagnostics', // No files left in the temporary folder.
  ]
}

function define(name: string, body: string | number | boolean | undefined): string[] {
  if (body === undefined || body === false) return []
  return [body === true ? `-D${name}` : `-D${name}=${body}`]
}
