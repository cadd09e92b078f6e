import type { Elf, ElfSymbol, Section } from '../elf/elf.ts'
import { SHF_EXECINSTR, SHT_PROGBITS } from '../uapi/elf.ts'
import { ObjectError } from './object-error.ts'
import type { Program } from './object.ts'
import { matchSection } from './section-definitions.ts'

const INSTRUCTION_SIZE = 8

/**
 * Lists the programs by section and offset (libbpf.c: bpf_object__add_programs, cmp_progs). Functions in .text are
 * subprograms that others call.
 */
export function readPrograms(elf: Elf): Program[] {
  const functions = new Map<number, ElfSymbol[]>()
  for (const symbol of elf.symbols) {
    if (symbol.type !== 'func') continue
    const list = functions.get(symbol.section)
    if (list) list.push(symbol)
    else functions.set(symbol.section, [symbol])
  }
  return elf.sections.flatMap((section) =>
    isCode(section)
      ? (functions.get(section.index) ?? [])
          .toSorted((a, b) => a.value - b.value)
          .map((symbol) => readProgram(symbol, section))
      : [],
  )
}

function isCode({ type, flags, size, name }: Section): boolean {
  return type === SHT_PROGBITS && (flags & SHF_EXECINSTR) !== 0 && size > 0 && name !== '.text'
}

function readProgram(symbol: ElfSymbol, section: Section): Program {
  const { name, value, size } = symbol
  if (symbol.binding === 'local') {
    throw new ObjectError(
      `program ${name} in SEC("${section.name}") is static: libbpf loads global functions only`,
      name,
    )
  }
  const whole = size > 0 && size % INSTRUCTION_SIZE === 0 && value % INSTRUCTION_SIZE === 0
  if (!whole || value + size > section.size) {
    throw new ObjectError(
      `program ${name} is damaged: it takes bytes ${value} to ${value + size} of SEC("${section.name}"), which has ${section.size}`,
      name,
    )
  }
  const definition = matchSection(section.name)?.definition
  return {
    name,
    section: section.name,
    autoload: !section.name.startsWith('?'),
    type: definition?.type ?? 'UNSPEC',
    attachType: definition?.attachType,
    sleepable: definition?.sleepable ?? false,
    autoattach: definition?.attachedBy !== undefined,
    offset: value,
    size,
  }
}
