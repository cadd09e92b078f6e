import { type RawBtf, typeAt } from '../btf/btf.ts'
import { cIdentifier } from '../btf/dump/c-names.ts'
import { declaration } from '../btf/dump/declaration.ts'
import { createDump, type Dump } from '../btf/dump/dump.ts'
import { knownSize } from '../btf/size.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Struct } from '../btf/types.ts'
import { sanitizeIdentifier } from '../object/identifier.ts'
import type { BpfMap, BpfObject, DataSection } from '../object/object.ts'
import { cMapIdentifier, cSectionIdentifier } from './c-names.ts'
import { isFunctionPointer, isScalar } from './struct-ops-shadow.ts'

/** The longest identifier of a variable (gen.c: codegen_datasec_def). */
const MAX_IDENTIFIER_LENGTH = 255

/**
 * Returns `struct NAME { … }` up to its C++ members, token for token as bpftool 7.8 prints it. `dump` names the types.
 * With `qualified` the text is C++ (see declaration.ts).
 */
export function cStruct(
  object: BpfObject,
  dump: Dump | undefined,
  qualified?: ReadonlySet<string>,
): string {
  const { name, programs } = object
  const maps = object.maps.flatMap((map) => cMapIdentifier(name, map) ?? [])
  const structOps = object.maps.filter(({ type }) => type === 'STRUCT_OPS')
  return [
    `struct ${name} {\n`,
    '\tstruct bpf_object_skeleton *skeleton;\n',
    '\tstruct bpf_object *obj;\n',
    group(
      'maps',
      maps.map((map) => `\t\tstruct bpf_map *${map};\n`),
    ),
    dump ? group('struct_ops', structOpsShadows(name, dump.btf, structOps)) : '',
    group(
      'progs',
      programs.map(({ name }) => `\t\tstruct bpf_program *${cIdentifier(name)};\n`),
    ),
    group(
      'links',
      [...programs, ...structOps].map(({ name }) => `\t\tstruct bpf_link *${cIdentifier(name)};\n`),
    ),
    ...(dump
      ? object.sections.map((section) => sectionStruct(object, dump, section, qualified))
      : []),
  ].join('')
}

function group(name: string, fields: readonly string[]): string {
  return fields.length === 0 ? '' : `\tstruct {\n${fields.join('')}\t} ${name};\n`
}

/** Returns the fields of a section's variables, with the padding that a 32-bit compiler would leave out. */
function sectionStruct(
  object: BpfObject,
  dump: Dump,
  section: DataSection,
  qualified: ReadonlySet<string> | undefined,
): string {
  const ident = sectionFieldName(object, section)
  const described = cSectionIdentifier(section.name) === ident
  const lines: string[] = []
  let end = 0
  let paddings = 0
  for (const { name, type, offset, size } of described ? section.variables : []) {
    const align = Math.min(4, dump.alignments.of(type) || 1)
    if (Math.ceil(end / align) * align !== offset) {
      lines.push(`\t\tchar __pad${paddings++}[${offset - end}];\n`)
    }
    const field = sanitizeIdentifier(name.slice(0, MAX_IDENTIFIER_LENGTH))
    const stripModifiers = section.name !== '.kconfig'
    lines.push(`\t\t${declaration(dump, type, field, { level: 2, stripModifiers, qualified })};\n`)
    end = offset + size
  }
  return `\tstruct ${object.name}__${ident} {\n${lines.join('')}\t} *${ident};\n`
}

/** Returns the section's field: that of its map, except for an arena, whose globals lie in the map's memory. */
export function sectionFieldName({ name, maps }: BpfObject, section: DataSection): string {
  const map = maps.find(({ elfName }) => elfName === section.name)
  return (map && cMapIdentifier(name, map)) ?? section.ident
}

/** Returns the structs of what user space may set in struct_ops maps before load (gen.c: walk_st_ops_shadow_vars). */
function structOpsShadows(object: string, btf: RawBtf, maps: readonly BpfMap[]): string[] {
  return maps.flatMap((map) => {
    const name = cIdentifier(map.name)
    const struct = typeAt(btf, map.value ?? 0)
    if (struct.kind !== 'struct') return []
    const lines = shadowFields(btf, struct).join('')
    return [
      `\t\tstruct ${object}__${name}__${cIdentifier(struct.name)} {\n${lines}\t\t} *${name};\n`,
    ]
  })
}

function shadowFields(btf: RawBtf, struct: Struct): string[] {
  const dump = createDump(btf)
  const lines: string[] = []
  let end = 0
  for (const [index, member] of struct.members.entries()) {
    const offset = Math.floor(member.bitOffset / 8)
    if (end < offset) lines.push(`\t\t\tchar __padding_${index}[${offset - end}];\n`)
    const id = resolveTypedefs(btf, member.type)
    const size = knownSize(btf, id) ?? 0
    if (isScalar(btf, id)) {
      lines.push(`\t\t\t${declaration(dump, id, member.name, { level: 3 })};\n`)
    } else if (isFunctionPointer(btf, id)) {
      lines.push(`\t\t\tstruct bpf_program *${cIdentifier(member.name)};\n`)
    } else {
      lines.push(`\t\t\tchar __unsupported_${index}[${size}];\n`)
    }
    end = offset + size
  }
  if (end < struct.size) lines.push(`\t\t\tchar __padding_end[${struct.size - end}];\n`)
  return lines
}
