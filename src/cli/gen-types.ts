import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'

import { writeDeclarations } from '../codegen/declaration-file.ts'
import { buildModule } from '../codegen/skeleton-module.ts'
import { type ResolvedOptions, resolveOptions } from '../compile/options/options.ts'
import { noteDiagnostic } from './diagnostics.ts'
import { Failure, UsageError } from './failure.ts'
import { compileOptions, type Flags } from './flags.ts'
import { note } from './output.ts'
import { findSources } from './sources.ts'
import { watchSources } from './watch.ts'

/** Writes the declarations of sources. Returns exit code 1 if one does not compile or, with --check, is out of date. */
export async function genTypes(globs: readonly string[], flags: Flags): Promise<number> {
  const check = flags['check'] === true
  const watch = flags['watch'] === true
  if (check && watch) throw new UsageError('--check and --watch cannot be combined')

  const find = (): Promise<string[]> => findSources(globs)
  const generate = (source: string): Promise<Generated> => {
    const given = compileOptions(flags)
    const options = resolveOptions(given, source)
    // This command writes declarations even if the option `types` is false, which is about builds.
    const declaring = options.types ? options : resolveOptions({ ...given, types: true }, source)
    return generateTypes(source, declaring, check)
  }
  if (watch) return watchSources(find, generate)

  const sources = await find()
  if (sources.length === 0) {
    throw new Failure(`unplugin-bpf: no file matches ${globs.join(' ') || '**/*.bpf.c'}`)
  }
  const results: Generated[] = []
  const waiting = sources.values()
  const generateThem = async (): Promise<void> => {
    for (const source of waiting) results.push(await generate(source))
  }
  await Promise.all(Array.from({ length: availableParallelism() }, generateThem))
  return results.every(({ ok }) => ok) ? 0 : 1
}

export interface Generated {
  readonly ok: boolean
  /** Absolute paths of the files that were read, the source first. */
  readonly dependencies: readonly string[]
}

async function generateTypes(
  source: string,
  options: ResolvedOptions,
  check: boolean,
): Promise<Generated> {
  const { declarations, diagnostics, dependencies } = await buildModule(source, options)
  for (const diagnostic of diagnostics) noteDiagnostic(diagnostic)
  // The old declarations of a source with errors stay.
  if (!declarations) return { ok: false, dependencies }
  const { file, content } = declarations
  const name = relative('.', file)
  if (check) {
    const ok = existsSync(file) && readFileSync(file, 'utf8') === content
    if (!ok)
      note(`${name} is out of date with ${relative('.', source)}: run unplugin-bpf gen types`)
    return { ok, dependencies }
  }
  if (await writeDeclarations(file, content)) note(`wrote ${name}`)
  return { ok: true, dependencies }
}
