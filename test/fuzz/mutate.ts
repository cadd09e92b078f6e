import { readElf, type Section } from '../../src/elf/elf.ts'
import type { Seed } from './corpus.ts'
import type { Random } from './random.ts'

/** Values at which lengths, offsets, counts and kinds go wrong. */
const WORDS = [
  0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 64, 127, 128, 255, 256, 0x7fff, 0xffff, 0x1_0000, 0x00ff_ffff,
  0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_fffe, 0xffff_ffff,
] as const

/** What no name may do to the code that it gets into; `PWNED(` outside a string is a way in. */
export const HOSTILE = [
  `');PWNED();('`,
  `";PWNED();"`,
  '`;PWNED();`',
  '*/PWNED()/*',
  '\n;PWNED();\n',
  '\r\u2028PWNED()\u2029',
  '}};PWNED();{{',
  '</script>PWNED()',
  "\\';PWNED();//",
  '${PWNED()}',
  '__proto__',
  'constructor',
  'await',
  'types',
  'class',
  '\0',
  '-->',
  'ünï',
  '\ud800',
] as const

/** Where names and structure are; other sections are hit by damage anywhere. */
const TELLING = /^\.(?:BTF|BTF\.ext|symtab|strtab|debug_\w+|maps|rel.*)$/u
const NAMES = /^\.(?:BTF|strtab|debug_str|debug_line_str|debug_macro)$/u

export type Mutate = (random: Random) => Uint8Array

/** Damaged copies of one object. */
export function mutator({ bytes }: Seed): Mutate {
  const { sections, littleEndian } = readElf(bytes)
  const filled = sections.filter(({ data }) => data.length >= 8)
  const telling = filled.filter(({ name }) => TELLING.test(name))
  const named = filled.filter(({ name }) => NAMES.test(name))
  const headers = new DataView(bytes.buffer, bytes.byteOffset)
  const table = Number(headers.getBigUint64(40, littleEndian))

  return (random) => {
    let damaged = Uint8Array.from(bytes)
    const view = new DataView(damaged.buffer)
    for (let left = 1 + random.below(4); left > 0; left--) {
      const section = pick(random, random.chance(0.8) ? telling : filled)
      switch (random.below(7)) {
        case 0:
          damaged[random.below(damaged.length)] = random.below(256)
          break
        case 1:
          damaged[section.offset + random.below(section.size)] = random.below(256)
          break
        case 2: {
          const at = section.offset + random.below(section.size / 4) * 4
          if (at + 4 > damaged.length) break
          const before = view.getUint32(at, littleEndian)
          const word = random.chance(0.5) ? random.of(WORDS) : before + random.below(9) - 4
          view.setUint32(at, word, littleEndian)
          break
        }
        case 3: {
          const at = table + random.below(sections.length) * 64 + random.below(16) * 4
          if (at + 4 <= damaged.length) view.setUint32(at, random.of(WORDS), littleEndian)
          break
        }
        case 4: {
          const length = 1 + random.below(Math.min(64, section.size))
          const from = section.offset + random.below(section.size - length)
          const to = section.offset + random.below(section.size - length)
          damaged.copyWithin(to, from, from + length)
          break
        }
        case 5:
          rename(random, damaged, pick(random, named))
          break
        case 6:
          if (random.chance(0.2)) damaged = damaged.slice(0, random.below(damaged.length))
      }
      if (damaged.length < bytes.length) return damaged
    }
    return damaged
  }
}

/** Puts a hostile text in place of a string, cut to its length. */
function rename(random: Random, object: Uint8Array, { offset, size }: Section): void {
  const start = object.indexOf(0, offset + random.below(size)) + 1
  const end = object.indexOf(0, start)
  if (start === 0 || end <= start || end > offset + size) return
  const text = Buffer.from(random.of(HOSTILE))
  object.set(text.subarray(0, end - start), start)
}

function pick(random: Random, sections: readonly Section[]): Section {
  const section = sections[random.below(sections.length)]
  if (!section) throw new Error('the object has no sections to damage')
  return section
}
