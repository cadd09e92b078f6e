import type { CAC } from 'cac'

import { shells } from './choices.ts'
import { type CommandEntry, commandTable, groupsOf, type Value } from './commands.ts'
import { UsageError } from './failure.ts'
import { writeOutput } from './output.ts'

/** Prints a script that completes the command line in a shell. */
export async function completion(cli: CAC, shell: string): Promise<void> {
  const table = commandTable(cli)
  switch (shell) {
    case 'bash':
      return writeOutput(undefined, bash(table))
    case 'zsh':
      return writeOutput(
        undefined,
        `#compdef unplugin-bpf\nautoload -U bashcompinit\nbashcompinit\n${bash(table)}`,
      )
    case 'fish':
      return writeOutput(undefined, fish(table))
    default:
      throw new UsageError(
        `there is no completion for ${shell}: the shells are ${shells.join(', ')}`,
      )
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const listed = (words: readonly string[]): string => quoted(words.join(' '))

/** Returns the first words of names, each once. */
const following = (names: readonly string[]): string[] => [
  ...new Set(names.map((name) => name.split(' ')[0] ?? '')),
]

/** Returns the script for bash, which zsh runs through its bashcompinit. */
function bash(table: readonly CommandEntry[]): string {
  const names = table.map(({ name }) => name)
  const groups = groupsOf(names)
  return `_unplugin_bpf() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${listed(following(names))} -- "$current"))
    return
  fi
  case "$command" in
${groups.map((group) => groupCase(group, names)).join('\n')}
  esac
  case "$command $previous" in
${table.flatMap(flagCases).join('\n')}
  esac
  case "$command" in
${table.map(commandCase).join('\n')}
  esac
}
complete -o default -F _unplugin_bpf unplugin-bpf
`
}

function groupCase(group: string, names: readonly string[]): string {
  const inner = names
    .filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1))
  return `    ${group})
      if [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W ${listed(inner)} -- "$current"))
        return
      fi
      command="$command \${COMP_WORDS[2]}" ;;`
}

function flagCases({ name, flags }: CommandEntry): string[] {
  return flags.flatMap(({ names, value }) =>
    value === undefined
      ? []
      : `    ${names.map((flag) => quoted(`${name} ${flag}`)).join(' | ')}) ${replies(value)} return ;;`,
  )
}

function commandCase({ name, flags, argument }: CommandEntry): string {
  const words = flags.flatMap(({ names }) => names)
  const reply = argument === undefined ? '' : replies(argument)
  return `    ${quoted(name)})
      case "$current" in
        -*) COMPREPLY=($(compgen -W ${listed(words)} -- "$current")) ;;
        *) ${reply} ;;
      esac ;;`
}

/** Returns the bash code that completes a value. Without a reply the shell completes file names. */
function replies(value: Value): string {
  if (typeof value !== 'string') {
    return `COMPREPLY=($(compgen -W ${listed(following(value))} -- "$current"));`
  }
  return value === 'folder' ? 'COMPREPLY=($(compgen -d -- "$current"));' : 'true;'
}

const complete = (condition: string, rest: string): string =>
  `complete -c unplugin-bpf -n ${quoted(condition)} ${rest}`

function fish(table: readonly CommandEntry[]): string {
  const names = table.map(({ name }) => name)
  const firsts = following(names)
  const lines = ['complete -c unplugin-bpf -f']
  for (const group of groupsOf(names))
    lines.push(complete('__fish_use_subcommand', `-a ${quoted(group)}`))
  for (const { name, description, flags, argument } of table) {
    const [first = '', second] = name.split(' ')
    const inner = names.flatMap((other) =>
      other.startsWith(`${first} `) ? other.slice(first.length + 1) : [],
    )
    lines.push(
      complete(
        second === undefined
          ? '__fish_use_subcommand'
          : `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${inner.join(' ')}`,
        `-a ${quoted(second ?? first)} -d ${quoted(description)}`,
      ),
    )
    const isSeen =
      second === undefined
        ? `__fish_seen_subcommand_from ${first}`
        : `__fish_seen_subcommand_from ${first}; and __fish_seen_subcommand_from ${second}`
    if (argument !== undefined) lines.push(complete(isSeen, fishValue(argument, firsts)))
    for (const flag of flags) {
      const written = flag.names.map((word) =>
        word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`,
      )
      const value = flag.value === undefined ? '' : `-r ${fishValue(flag.value, firsts)} `
      lines.push(complete(isSeen, `${written.join(' ')} ${value}-d ${quoted(flag.description)}`))
    }
  }
  return `${lines.join('\n')}\n`
}

function fishValue(value: Value, firsts: readonly string[]): string {
  if (typeof value !== 'string')
    return `-f -a ${listed(value.some((word) => word.includes(' ')) ? firsts : value)}`
  if (value === 'folder') return "-f -a '(__fish_complete_directories)'"
  return value === 'file' ? '-F' : '-f'
}
