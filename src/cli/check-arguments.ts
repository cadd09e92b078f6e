import type { CAC, Command } from 'cac'

import { nearestNames } from '../text/nearest-names.ts'
import { UsageError } from './failure.ts'
import { written } from './flags.ts'

/**
 * Checks the flags and arguments of the matched command, before cac does with messages of its own.
 *
 * @param args the command line as cac parsed it
 * @throws UsageError that names the flag or argument at fault, and the flag that was probably meant
 */
export function checkArguments(cli: CAC, args: readonly string[]): void {
  const command = cli.matchedCommand ?? cli.globalCommand
  const flags = [...command.options, ...cli.globalCommand.options]
  const known = new Set(flags.flatMap(({ names }) => names))
  for (const flag of flagsOf(args)) {
    if (!isKnown(flag, known)) throw new UsageError(unknownFlag(flag, [...known], cli))
  }
  for (const { name, rawName, required } of flags) {
    if (required === true && typeof cli.options[name] === 'boolean') {
      throw new UsageError(`${written(name)} needs a value: ${rawName}`)
    }
  }
  if (cli.matchedCommand) checkCount(cli.matchedCommand, cli.args)
}

/** The flags of a command line as the user wrote them, without their values. */
function flagsOf(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args
    .slice(0, end < 0 ? args.length : end)
    .filter((arg) => /^-./.test(arg))
    .map((arg) => arg.replace(/=.*$/s, ''))
}

/** With one dash, each letter is a flag. */
function isKnown(flag: string, known: ReadonlySet<string>): boolean {
  return flag.startsWith('--')
    ? known.has(flag.slice(2))
    : Array.from(flag.slice(1)).every((letter) => known.has(letter))
}

function unknownFlag(flag: string, known: readonly string[], { matchedCommand }: CAC): string {
  const long = known.filter((name) => name.length > 1)
  const name = flag.replace(/^-+/, '')
  // `-json` lacks a dash.
  const [meant] = long.includes(name) ? [name] : nearestNames(name, long)
  const place = matchedCommand ? ` of ${matchedCommand.name}` : ''
  return `unknown flag ${flag}${place}${meant === undefined ? '' : `: did you mean --${meant}?`}`
}

function checkCount({ name, args }: Command, given: readonly string[]): void {
  const missing = args.find(({ required }, index) => required && given[index] === undefined)
  if (missing) throw new UsageError(`${name} needs a <${missing.value}>`)
  const [unused] = args.some(({ variadic }) => variadic) ? [] : given.slice(args.length)
  if (unused === undefined) return
  const takes =
    args.length === 0 ? 'no arguments' : `one ${args.map(({ value }) => value).join(' ')}`
  throw new UsageError(`${name} takes ${takes}: ${unused} is too many`)
}
