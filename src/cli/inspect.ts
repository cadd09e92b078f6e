import { type Contents, contentsOf } from './contents.ts'
import { type Flags, singleArchOptions } from './flags.ts'
import { writeOutput } from './output.ts'
import { readSkeleton } from './read-skeleton.ts'

/** What is in an object: as libbpf opens it, and as a skeleton shows it. */
export async function inspect(file: string, flags: Flags): Promise<void> {
  singleArchOptions(flags, 'inspect')
  const contents = contentsOf(await readSkeleton(file, flags))
  const json = `${JSON.stringify(contents, undefined, 2)}\n`
  return writeOutput(undefined, flags['json'] === true ? json : tables(contents))
}

function tables({ name, license, size, programs, maps, variables, types }: Contents): string {
  const sections = [
    table(
      'Programs',
      programs.map((program) => [
        program.name,
        program.section,
        program.type,
        program.autoload ? '' : 'not loaded by itself',
      ]),
    ),
    table(
      'Maps',
      maps.map((map) => [
        map.name,
        map.type,
        map.keySize > 0 ? `${map.key ?? `${map.keySize} bytes`} ->` : '',
        map.valueSize > 0 ? (map.value ?? `${map.valueSize} bytes`) : '',
        `${map.maxEntries} ${map.type === 'RINGBUF' ? 'bytes' : 'entries'}`,
      ]),
    ),
    table(
      'Variables',
      variables.map((variable) => [
        `${variable.section}.${variable.name}`,
        variable.type ?? '',
        `${variable.size} bytes at ${variable.offset}`,
      ]),
    ),
    table(
      'Types',
      types.map((type) => [type.name, type.kind, `${type.size} bytes`]),
    ),
  ]
  return [`${name}, ${size} bytes, license "${license}"\n`, ...sections].join('\n')
}

/** Columns as wide as their widest cell; nothing when there are no rows. */
function table(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
  )
  return [title, ...lines.map((line) => `  ${line.trimEnd()}`), ''].join('\n')
}
