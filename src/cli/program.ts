import { type CAC, cac } from 'cac'

import manifest from '../../package.json' with { type: 'json' }
import { type Flags, withCompileFlags, written } from './flags.ts'

const output = ['-o <out>', 'Write to this file, whole or not at all (default: stdout)'] as const

/** Defines the command line. A command's code is imported when it is called. */
export function program(): CAC {
  const cli = cac('unplugin-bpf')

  withCompileFlags(
    cli
      .command('gen skeleton <file>', 'Print the skeleton of a .bpf.c or a BPF object')
      .option('--lang <lang>', 'js, dts (declarations), c (a header for libbpf) or json', {
        default: 'js',
      })
      .option('--name <name>', 'The object name (default: from the file name)')
      .option(...output),
  ).action(async (file: string, flags: Flags) =>
    (await import('./gen-skeleton.ts')).genSkeleton(file, flags),
  )

  withCompileFlags(
    cli
      .command(
        'gen types [...globs]',
        'Write the declarations of all .bpf.c files (default: **/*.bpf.c)',
      )
      .option('--watch', 'Write them again whenever a source or a header changes')
      .option('--check', 'Write nothing; fail when a declaration is not up to date'),
  ).action(async (globs: string[], flags: Flags) =>
    (await import('./gen-types.ts')).genTypes(globs, flags),
  )

  cli
    .command('gen vmlinux', "Print vmlinux.h: every type of a kernel's BTF")
    .option('--btf <file>', 'Raw BTF or an ELF file (default: /sys/kernel/btf/vmlinux)')
    .option('--sort', 'Sort as bpftool does by default')
    .option(...output)
    .action(async (flags: Flags) => (await import('./gen-vmlinux.ts')).genVmlinux(flags))

  cli
    .command('btf dump <file>', 'Print the BTF of an object, of raw BTF or of a vmlinux')
    .option('--format <format>', 'c, raw or json', { default: 'c' })
    .option('--sort', 'With c: sort as bpftool does by default')
    .option(...output)
    .action(async (file: string, flags: Flags) =>
      (await import('./btf-dump.ts')).btfDump(file, flags),
    )

  withCompileFlags(
    cli
      .command('compile <file>', 'Compile a .bpf.c to a BPF object without DWARF')
      .option(...output),
  ).action(async (file: string, flags: Flags) =>
    (await import('./compile.ts')).compileFile(file, flags),
  )

  withCompileFlags(
    cli
      .command(
        'inspect <file>',
        'Print the programs, maps, variables and types of a .bpf.c or a BPF object',
      )
      .option('--json', 'As JSON'),
  ).action(async (file: string, flags: Flags) =>
    (await import('./inspect.ts')).inspect(file, flags),
  )

  withCompileFlags(
    cli
      .command('doctor', 'Check what building and loading need on this machine')
      .option('--json', 'As JSON'),
  ).action(async (flags: Flags) => (await import('./doctor.ts')).doctor(flags))

  cli
    .command('completion <shell>', 'Print a script that completes commands: bash, zsh or fish')
    .action(async (shell: string) => (await import('./completion.ts')).completion(cli, shell))

  // argv.ts turns these commands into the flags of their names.
  cli.command('help [...command]', 'Print the help of a command, or this')
  cli.command('version', 'Print the version')

  cli.help(hideOptionsOfCommands)
  cli.version(manifest.version)
  return cli
}

/** Returns the flags that take a value, as they are written. */
export function valueFlags(cli: CAC): Set<string> {
  const options = cli.commands.flatMap((command) => command.options)
  return new Set(
    options.filter(({ isBoolean }) => !isBoolean).flatMap(({ names }) => names.map(written)),
  )
}

/** Removes the section in which cac repeats each command with --help. */
function hideOptionsOfCommands(sections: { title?: string; body: string }[]): typeof sections {
  return sections.filter((section) => !section.title?.startsWith('For more info'))
}
