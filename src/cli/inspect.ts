import { inspect as shown } from 'node:util'

import { jsonReplacer } from '../codec/json.ts'
import { type Contents, contentsOf } from './contents.ts'
import { type Flags, singleArchOptions } from './flags.ts'
import { writeOutput } from './output.ts'
import { readSkeleton } from './read-skeleton.ts'

/** Prints the contents of an object, as libbpf opens it and as a skeleton shows it. */
export async function inspect(file: string, flags: Flags): Promise<void> {
  singleArchOptions(flags, 'inspect')
  const contents = contentsOf(await readSkeleton(file, flags))
  const json = `${JSON.stringify(contents, asJson, 2)}\n`
  return writeOutput(undefined, flags['json'] === true ? json : tables(contents))
}

/** Converts bytes to arrays of numbers, and bigint to decimal strings. */
function asJson(key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : jsonReplacer(key, value)
}

function tables(contents: Contents): string {
  const { name, license, size, programs, maps, variables, kernelSymbols, types } = contents
  const sections = [
    table(
      'Programs',
      programs.map((program) => [
        program.name,
        `SEC("${program.section}")`,
        [program.type, program.attachType].filter(Boolean).join(' '),
        `${program.instructions} instructions`,
        program.autoload ? '' : 'not loaded by default',
      ]),
    ),
    table(
      'Maps',
      maps.map((map) => [
        map.name,
        map.type,
        map.keySize > 0 ? `${map.key ?? `${map.keySize} bytes`} ->` : '',
        map.valueSize > 0 ? (map.value ?? `${map.valueSize} bytes`) : '',
        `${map.maxEntries} ${map.type.endsWith('RINGBUF') ? 'bytes' : map.type === 'ARENA' ? 'pages' : 'entries'}`,
        [...map.flagNames, ...(map.pinned ? ['pinned'] : [])].join(' '),
      ]),
    ),
    table(
      'Variables',
      variables.map((variable) => [
        `${variable.section}.${variable.name}`,
        variable.type ?? '',
        `${variable.size} bytes at ${variable.offset}`,
        'value' in variable ? `= ${initial(variable.value)}` : '',
      ]),
    ),
    table(
      'Kernel symbols',
      kernelSymbols.map(({ name, kind, type, weak }) => [name, kind, type, weak ? 'weak' : '']),
    ),
    table(
      'Types',
      types.map((type) => [type.name, type.kind, `${type.size} bytes`]),
    ),
    kernelTable(contents.kernel),
  ]
  return [`${name}, ${size} bytes, license "${license}"\n`, ...sections.filter(Boolean)].join('\n')
}

function kernelTable({ minimum, needs }: Contents['kernel']): string {
  const deciding = needs.filter(({ since, optional }) => since === minimum && !optional)
  const why = deciding.map(({ kind, name }) => (kind === 'feature' ? name : `${kind} ${name}`))
  const title = minimum
    ? `Needs Linux ${minimum} or newer: ${why.join(', ')}`
    : 'Needs no kernel feature whose release is known'
  return table(
    title,
    needs.map(({ since, kind, name, optional, users }) => [
      since ?? '?',
      kind,
      name,
      optional ? 'optional' : '',
      users.join(', '),
    ]),
  )
}

/** The longest value in a table, in characters. */
const widest = 60

function initial(value: unknown): string {
  const oneLine = { breakLength: Infinity, compact: true }
  const text = shown(value, { ...oneLine, depth: 3, maxArrayLength: 16, maxStringLength: widest })
  return text.length > widest ? `${text.slice(0, widest - 1)}…` : text
}

/** Prints rows in columns as wide as their widest cell, without empty columns; nothing if there are no rows. */
function table(title: string, rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const lines = rows.map((row) =>
    row.flatMap((cell, column) => (widths[column] ? [cell.padEnd(widths[column])] : [])).join('  '),
  )
  return [title, ...lines.map((line) => `  ${line.trimEnd()}`), ''].join('\n')
}
