import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'

import { declarationFile, writeDeclarations } from '../codegen/declaration-file.ts'
import { buildSkeleton } from '../codegen/skeleton.ts'
import { formatDiagnostic } from '../compile/diagnostics.ts'
import { type ResolvedOptions, resolveOptions } from '../compile/options.ts'
import { Failure, UsageError } from './failure.ts'
import { compileOptions, type Flags } from './flags.ts'
import { note } from './output.ts'
import { findSources } from './sources.ts'
import { watchSources } from './watch.ts'

/** Writes the declarations of many sources. Exit code 1 when one does not compile or, with --check, is out of date. */
export async function genTypes(globs: readonly string[], flags: Flags): Promise<number> {
  const check = flags['check'] === true
  const watch = flags['watch'] === true
  if (check && watch) throw new UsageError('--check and --watch exclude each other')

  const find = (): Promise<string[]> => findSources(globs)
  const generate = (source: string): Promise<Generated> => {
    // Declarations are what this command is for, whatever the option `types` says of builds.
    const options = resolveOptions({ ...compileOptions(flags) }, source)
    const types = options.types === false ? { dir: undefined } : options.types
    return generateTypes(source, options, declarationFile(source, { ...options, types }), check)
  }
  if (watch) return watchSources(find, generate)

  const sources = await find()
  if (sources.length === 0) {
    throw new Failure(`unplugin-bpf: no file matches ${globs.join(' ') || '**/*.bpf.c'}`)
  }
  // Compiles of one machine's cores: a second one at once is where it stops to pay.
  const results: Generated[] = []
  for (const source of sources) results.push(await generate(source))
  return results.every(({ ok }) => ok) ? 0 : 1
}

export interface Generated {
  readonly ok: boolean
  /** What it was made from, absolute, the source first. */
  readonly dependencies: readonly string[]
}

async function generateTypes(
  source: string,
  options: ResolvedOptions,
  file: string | undefined,
  check: boolean,
): Promise<Generated> {
  const { declarationsFor, diagnostics, dependencies } = await buildSkeleton(source, options)
  for (const diagnostic of diagnostics) note(formatDiagnostic(diagnostic))
  // What a source with errors declared before stays.
  if (!declarationsFor || file === undefined) return { ok: false, dependencies }
  const content = declarationsFor(file)
  const name = relative('.', file)
  if (check) {
    const ok = existsSync(file) && readFileSync(file, 'utf8') === content
    if (!ok)
      note(`${name} is not what ${relative('.', source)} declares: run unplugin-bpf gen types`)
    return { ok, dependencies }
  }
  if (await writeDeclarations(file, content)) note(`wrote ${name}`)
  return { ok: true, dependencies }
}
