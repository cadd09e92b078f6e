import type { Command } from 'cac'

import type { Arch } from '../compile/options/arch.ts'
import type { Options } from '../compile/options/options.ts'
import { UsageError } from './failure.ts'

/** The flags as cac parses them: a value, `true`, or an array if a flag was given more than once. */
export type Flags = Readonly<Record<string, unknown>>

/** Adds the flags of every command that compiles. The key "unplugin-bpf" of package.json has their defaults. */
export function withCompileFlags(command: Command): Command {
  return command
    .option('--clang <path>', 'The compiler (default: BPF_CLANG, then clang, clang-21 … clang-14)')
    .option('--cflag <flag>', 'A flag for clang, after those of package.json; may be repeated')
    .option(
      '--include <dir>',
      'A folder searched for headers, before those of package.json; may be repeated',
    )
    .option('--define <NAME[=VALUE]>', 'A macro, beside those of package.json; may be repeated')
    .option(
      '--arch <arch>',
      'Compile for this architecture: x86, arm64, … instead of package.json (default: this machine); may be repeated',
    )
    .option('--vmlinux <path>', 'vmlinux.h, or the raw BTF it is made from (default: this kernel)')
}

/** Returns the options that flags give. */
export function compileOptions(flags: Flags): Options {
  const clang = one(flags, 'clang')
  const cflags = many(flags, 'cflag')
  const include = many(flags, 'include')
  const defines = many(flags, 'define')
  const arch = many(flags, 'arch').flatMap((words) => words.split(',')) as Arch[]
  const vmlinux = one(flags, 'vmlinux')
  return {
    ...(clang !== undefined && { clang }),
    ...(cflags.length > 0 && { cflags }),
    ...(include.length > 0 && { include }),
    ...(defines.length > 0 && { defines: Object.fromEntries(defines.map(parseDefine)) }),
    ...(arch.length > 0 && { arch }),
    ...(vmlinux !== undefined && { vmlinux }),
  }
}

/**
 * Returns the options for a command whose result is for one architecture.
 *
 * @param result what the command makes, for the message: `an object`
 */
export function singleArchOptions(flags: Flags, result: string): Options {
  const options = compileOptions(flags)
  const { arch = [] } = options
  if (arch.length > 1) throw new UsageError(`${result} is for one --arch, not ${String(arch)}`)
  return options
}

function parseDefine(text: string): [name: string, value: string | true] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text, true] : [text.slice(0, equals), text.slice(equals + 1)]
}

/** Returns the value of a flag that may be given once. */
export function one(flags: Flags, name: string): string | undefined {
  const values = many(flags, name)
  if (values.length > 1)
    throw new UsageError(`${written(name)} may be given once, not ${values.length} times`)
  return values[0]
}

/** Returns the values of a flag that may be given more than once. */
export function many(flags: Flags, name: string): string[] {
  const given = flags[name]
  if (given === undefined) return []
  return [given].flat().map((value) => {
    // cac turns what looks like a number into one, and a missing value into `true`.
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw new UsageError(`${written(name)} needs a value`)
  })
}

/** Returns the value of a flag that takes one of a few words. */
export function choice<const T extends string>(
  flags: Flags,
  name: string,
  words: readonly T[],
  fallback: T,
): T {
  const given = one(flags, name)
  if (given === undefined) return fallback
  const word = words.find((candidate) => candidate === given)
  if (word === undefined)
    throw new UsageError(`--${name} must be one of ${words.join(', ')}, not ${given}`)
  return word
}

/** Returns a flag as it is written: `--cflag`, `-o`. */
export function written(name: string): string {
  return name.length > 1 ? `--${name}` : `-${name}`
}
