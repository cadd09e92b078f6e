import type { RawBtf } from '../btf/btf.ts'
import type { Elf, ElfSymbol, Section } from '../elf/elf.ts'
import { isRelocations, relocationEntries } from '../elf/relocations.ts'
import { SHF_EXECINSTR, SHF_WRITE, SHN_UNDEF, SHT_NOBITS, SHT_PROGBITS } from '../uapi/elf.ts'
import { LD_IMM64 } from '../uapi/insn.ts'
import { mapDefinition } from './map-definition.ts'
import { ObjectError } from './object-error.ts'
import { variableTypes } from './variable-types.ts'

/**
 * Refuses an object whose code uses a variable of a section of which libbpf makes no map (libbpf.c:
 * bpf_program__record_reloc). `isMapped` tells whether it makes one.
 */
export function refuseUnmapped(
  elf: Elf,
  btf: RawBtf | undefined,
  isMapped: (section: Section) => boolean,
): void {
  for (const table of elf.sections) {
    const code = isRelocations(table) ? elf.sections[table.info] : undefined
    if (!code || !isCode(code)) continue
    for (const { offset, symbol } of relocationEntries(elf, table)) {
      const section = symbol.section === SHN_UNDEF ? undefined : elf.sections[symbol.section]
      const isLoad = code.data[offset] === LD_IMM64
      if (!section || !isLoad || isCode(section) || isMapped(section)) continue
      refuse(btf, section, symbol, functionAt(elf, code, offset))
    }
  }
}

function refuse(btf: RawBtf | undefined, section: Section, symbol: ElfSymbol, user: string): never {
  const { name } = symbol
  const what = name || 'what lies'
  if (isLegacyMaps(section)) throw legacyMaps(section, name || undefined)
  const type = btf && variableTypes(btf).get(name)
  const reason =
    btf && type !== undefined && mapDefinition(btf, type)
      ? `maps are declared in SEC(".maps")`
      : `libbpf makes no map of that section: write SEC("${mappedName(section)}")`
  throw new ObjectError(`${user} uses ${what} in SEC("${section.name}"): ${reason}`, name)
}

/** Returns whether a section has maps in the form of before BTF, `struct bpf_map_def SEC("maps/counts")`. */
export function isLegacyMaps({ name }: Section): boolean {
  return name === 'maps' || name.startsWith('maps/')
}

export function legacyMaps({ name }: Section, subject: string | undefined): ObjectError {
  return new ObjectError(
    `maps in SEC("${name}") are a form that libbpf 1.0 dropped: declare them in SEC(".maps") with __uint and __type`,
    subject,
  )
}

/** Suggests a name with which libbpf makes a map of the section. */
function mappedName({ name, type, flags }: Section): string {
  const kind = type === SHT_NOBITS ? '.bss' : (flags & SHF_WRITE) === 0 ? '.rodata' : '.data'
  return `${kind}.${name.replace(/^\.+/u, '')}`
}

function isCode({ type, flags }: Section): boolean {
  return type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0
}

function functionAt(elf: Elf, code: Section, offset: number): string {
  const found = elf.symbols.find(
    ({ type, section, value, size }) =>
      type === 'func' && section === code.index && offset >= value && offset < value + size,
  )
  return found?.name ?? `the code of SEC("${code.name}")`
}
