/**
 * Rewrites arguments for cac. A command of two words becomes one, `gen skeleton`; `help` and `version` become flags; a flag is
 * joined to its value, as cac does not take a value that begins with a dash: `--cflag -O1`, `-o -`.
 */
export function normalizeArguments(
  args: readonly string[],
  valueFlags: ReadonlySet<string>,
  groups: readonly string[],
): string[] {
  const [group, command, ...others] = args
  if (group === 'help') return normalizeArguments([...args.slice(1), '--help'], valueFlags, groups)
  if (group === 'version') return ['--version', ...args.slice(1)]
  const rest =
    group !== undefined &&
    groups.includes(group) &&
    command !== undefined &&
    !command.startsWith('-')
  return joinValues(rest ? [`${group} ${command}`, ...others] : args, valueFlags)
}

function joinValues(args: readonly string[], valueFlags: ReadonlySet<string>): string[] {
  const joined: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    const value = args[i + 1]
    if (arg === '--') return [...joined, ...args.slice(i)]
    if (valueFlags.has(arg) && value !== undefined) {
      joined.push(`${arg}=${value}`)
      i++
    } else joined.push(arg)
  }
  return joined
}
