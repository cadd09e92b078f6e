import { declaration } from '../btf/dump/declaration.ts'
import { createDump } from '../btf/dump/dump.ts'
import type { TypeId } from '../btf/types.ts'
import type { BpfObject } from '../object/object.ts'
import { sizeOf } from '../runtime/codec/layout.ts'
import type { Flags } from './flags.ts'
import { writeOutput } from './output.ts'
import { readSkeleton, type Skeleton } from './read-skeleton.ts'

/** What is in an object: as libbpf opens it, and as a skeleton shows it. */
export async function inspect(file: string, flags: Flags): Promise<void> {
  const contents = contentsOf(await readSkeleton(file, flags))
  const json = `${JSON.stringify(contents, undefined, 2)}\n`
  return writeOutput(undefined, flags['json'] === true ? json : tables(contents))
}

type Contents = ReturnType<typeof contentsOf>

function contentsOf({ model, bpf: object, object: bytes }: Skeleton) {
  const cType = cTypes(object)
  return {
    name: object.name,
    license: object.license,
    /** Bytes, without DWARF. */
    size: bytes.length,
    programs: object.programs.map(({ name, section, type, autoload }) => ({
      name,
      section,
      type,
      autoload,
    })),
    maps: object.maps.map((map) => ({
      name: map.name,
      type: map.type,
      key: cType(map.key),
      value: cType(map.value),
      keySize: map.keySize,
      valueSize: map.valueSize,
      maxEntries: map.maxEntries,
      flags: map.flags,
    })),
    variables: object.sections.flatMap(({ ident, variables }) =>
      variables.map(({ name, type, offset, size }) => ({
        section: ident,
        name,
        type: cType(type),
        offset,
        size,
      })),
    ),
    types: model.exports.types.map(({ cName, layout }) => ({
      name: cName,
      kind: layout.kind,
      size: sizeOf(layout),
    })),
  }
}

function cTypes({ btf }: BpfObject): (id: TypeId | undefined) => string | undefined {
  const dump = btf && createDump(btf)
  return (id) =>
    dump && id !== undefined
      ? declaration(dump, id, '', { stripModifiers: true }).replaceAll(/\s+/g, ' ')
      : undefined
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
