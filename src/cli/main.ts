import type { CAC } from 'cac'

import { normalizeArguments } from './argv.ts'
import { checkArguments } from './check-arguments.ts'
import { groupHelp, groupsOf, unknownCommand } from './commands.ts'
import { UsageError } from './failure.ts'
import { note, writeOutput } from './output.ts'
import { program, valueFlags } from './program.ts'

/** Runs one command line. Returns the exit code: 1 if the input or the machine is at fault, 2 if the command line is. */
export async function main(args: readonly string[]): Promise<number> {
  // EPIPE: the reader, as in `unplugin-bpf … | head`, has enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1)
  })
  const cli = program()
  try {
    const names = cli.commands.map(({ name }) => name)
    const groups = groupsOf(names)
    const [command, ...rest] = normalizeArguments(args, valueFlags(cli), groups)
    if (command !== undefined && groups.includes(command)) {
      await writeOutput(undefined, groupHelp(cli, command))
      return 0
    }
    if (command !== undefined && !command.startsWith('-') && !names.includes(command)) {
      unknownCommand(cli, [command, ...rest])
    }
    cli.parse(['', '', ...(command === undefined ? [] : [command, ...rest])], { run: false })
    if (cli.options['help'] || cli.options['version']) return 0
    checkArguments(cli, command?.startsWith('-') ? [command, ...rest] : rest)
    if (!cli.matchedCommand) throw new UsageError('no command given')
    return ((await cli.runMatchedCommand()) as number | undefined) ?? 0
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error instanceof UsageError) {
      note(`unplugin-bpf: ${error.message}\n${usage(cli)}`)
      return 2
    }
    note(sentence(error))
    return 1
  }
}

function usage({ matchedCommand, commands }: CAC): string {
  if (matchedCommand) {
    const { name, rawName } = matchedCommand
    return `Usage: unplugin-bpf ${rawName} [flags]; unplugin-bpf ${name} --help lists the flags`
  }
  const lines = commands.map(({ rawName }) => `  unplugin-bpf ${rawName} [flags]`)
  return ['Usage:', ...lines, 'unplugin-bpf --help lists the commands'].join('\n')
}

/** Returns an error's message, or its stack if DEBUG names unplugin-bpf. */
function sentence(error: Error): string {
  if (process.env['DEBUG']?.includes('unplugin-bpf')) return error.stack ?? error.message
  const { code, path, syscall } = error as NodeJS.ErrnoException
  if (path !== undefined && syscall !== undefined) {
    const reasons: Record<string, string> = {
      ENOENT: 'there is no such file',
      EACCES: 'permission denied',
      EISDIR: 'it is a folder',
    }
    return `unplugin-bpf: cannot ${syscall} ${path}: ${reasons[code ?? ''] ?? code ?? error.message}`
  }
  return error.name === 'Failure' ? error.message : `unplugin-bpf: ${error.message}`
}
