import type { CAC, Command } from 'cac'

import { arches } from '../compile/options/arch.ts'
import { nearestNames } from '../text/nearest-names.ts'
import { choices, shells } from './choices.ts'
import { UsageError } from './failure.ts'
import { written } from './flags.ts'

/** The values that a flag or argument takes: one of some words, a file, a folder, or anything. */
export type Value = readonly string[] | 'file' | 'folder' | 'anything'

export interface FlagEntry {
  /** `--lang`, `-o`. */
  readonly names: readonly string[]
  readonly description: string
  /** Absent if the flag takes no value. */
  readonly value?: Value
}

/** A command as help and completion show it. */
export interface CommandEntry {
  /** `gen skeleton`. */
  readonly name: string
  readonly description: string
  readonly flags: readonly FlagEntry[]
  /** Absent if the command takes no arguments. */
  readonly argument?: Value
}

/** Returns the commands that program.ts defines. */
export function commandTable({ commands }: CAC): CommandEntry[] {
  const names = commands.map(({ name }) => name)
  return commands.map((command) => ({
    name: command.name,
    description: command.description,
    flags: [
      ...command.options.map(flagEntry),
      { names: ['--help'], description: 'Print this help' },
    ],
    ...argumentOf(command, names),
  }))
}

function flagEntry({
  name,
  names,
  rawName,
  description,
  isBoolean,
}: Command['options'][number]): FlagEntry {
  const entry = { names: names.map(written), description }
  return isBoolean ? entry : { ...entry, value: valueOf(name, /<(.+)>/.exec(rawName)?.[1]) }
}

function argumentOf({ args, name }: Command, names: readonly string[]): { argument?: Value } {
  const [argument] = args
  if (!argument) return {}
  if (name === 'help') return { argument: names }
  return { argument: argument.value === 'shell' ? shells : 'file' }
}

function valueOf(name: string, placeholder: string | undefined): Value {
  const words = Object.entries({ ...choices, arch: arches }).find(([flag]) => flag === name)?.[1]
  if (words) return words
  if (placeholder === 'dir') return 'folder'
  return ['path', 'file', 'out'].includes(placeholder ?? '') ? 'file' : 'anything'
}

/** Returns the first words of commands of two words, such as `gen`. */
export function groupsOf(names: readonly string[]): string[] {
  return [
    ...new Set(names.flatMap((name) => (name.includes(' ') ? (name.split(' ')[0] ?? []) : []))),
  ]
}

/** Returns the help of a group: its commands. */
export function groupHelp(cli: CAC, group: string): string {
  const commands = cli.commands.filter(({ name }) => name.startsWith(`${group} `))
  const width = Math.max(...commands.map(({ rawName }) => rawName.length))
  const lines = commands.map(
    ({ rawName, description }) => `  ${rawName.padEnd(width)}  ${description}`,
  )
  return [
    'Usage:',
    `  $ ${cli.name} ${group} <command> [options]`,
    '',
    'Commands:',
    ...lines,
    '',
    `${cli.name} help ${group} <command> lists the flags of one`,
    '',
  ].join('\n')
}

/** Throws a UsageError that names the command which was probably meant. */
export function unknownCommand(
  { commands }: CAC,
  [first = '', second = '-']: readonly string[],
): never {
  const names = commands.map(({ name }) => name)
  const given = [...(second.startsWith('-') ? [] : [`${first} ${second}`]), first]
  const [meant] = given.flatMap((words) => nearestNames(words, [...names, ...groupsOf(names)]))
  const help = meant === undefined ? '' : `: did you mean ${meant}?`
  throw new UsageError(`unknown command ${first}${help}`)
}
