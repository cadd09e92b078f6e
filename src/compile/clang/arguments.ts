import { dirname, isAbsolute, parse, relative, sep } from 'node:path'

import { type Arch, clangTarget } from '../options/arch.ts'
import { mapPaths } from '../options/flag-paths.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { kernelFlags } from '../vmlinux/kernel-flags.ts'
import type { Clang } from './find-clang.ts'

/**
 * Returns `path` relative to `folder`, where clang runs: debug information and `__FILE__` are then the same wherever the
 * project lies.
 */
export function namedFrom(folder: string, path: string): string {
  if (!isAbsolute(path)) return path
  const name = relative(folder, path) || '.'
  // A path that shares no folder with the source belongs to the machine, not to the project.
  const shared = commonFolder(folder, path)
  return isAbsolute(name) || shared === parse(path).root ? path : name.split(sep).join('/')
}

function commonFolder(a: string, b: string): string {
  let folder = a
  while (relative(folder, b).startsWith('..') && dirname(folder) !== folder)
    folder = dirname(folder)
  return folder
}

/** Returns the flags that decide what the C means. A precompiled header needs the same flags as the program. */
export function languageFlags(
  folder: string,
  arch: Arch,
  options: ResolvedOptions,
  clang: Clang,
): string[] {
  return [
    // Defaults, which the user's flags may override.
    '-O2', // Unoptimised code seldom passes the verifier.
    // 32-bit jumps and atomics, which Linux 5.8 has (clang's default until 20 is v1). Without them 32-bit comparisons are
    // made of shifts, and older verifiers lose track of bounds across shifts.
    '-mcpu=v3',
    '-fno-stack-protector', // Some distributions turn it on by default; BPF has none.
    ...kernelFlags,
    `-D__TARGET_ARCH_${arch}`, // libbpf's bpf_tracing.h picks the registers by it.

    // The user's flags.
    ...options.include.map((path) => `-I${namedFrom(folder, path)}`),
    ...Object.entries(options.defines).flatMap(([name, body]) => define(name, body)),
    ...mapPaths(options.cflags, (path) => namedFrom(folder, path)),

    // Forced flags.
    ...clang.systemIncludes.flatMap((path) => ['-idirafter', path]),
    '-target',
    clangTarget(arch),
    '-g', // BTF is made from it.
  ]
}

/** Returns the flags that decide what the object and its debug information hold. */
export function outputFlags(): string[] {
  return [
    // Equal sources give equal bytes, whatever folder they are in.
    '-fdebug-compilation-dir=.',
    '-fno-ident',
    // BTF has neither macros nor types that no code uses. Both are exported to JavaScript, from DWARF.
    '-fno-eliminate-unused-debug-types',
    '-fdebug-macro',
  ]
}

/** Returns the flags that give clang's messages the form that parse-diagnostics.ts reads. */
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
