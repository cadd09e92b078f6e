import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readBtf, readBtfOf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { readBtfExtOf } from '../../src/btf/ext.ts'
import { createAlignments, sizeOf } from '../../src/btf/size.ts'
import { readElf, relocations } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { fixture, objectOf } from './object-of.ts'

/** Runs what may refuse the bytes, and says whether it did. Other errors are bugs, and pass through. */
function refuses(read: () => void): boolean {
  try {
    read()
    return false
  } catch (error) {
    if (error instanceof FormatError && Number.isSafeInteger(error.offset) && error.reason)
      return true
    throw error
  }
}

/** Everything that a build does with an object's ELF and BTF. */
function readAll(object: Uint8Array): void {
  refuses(() => stripDebug(object))
  const elf = readElf(object)
  for (const section of elf.sections) refuses(() => relocations(elf, section))
  const btf = readBtfOf(elf)
  if (!btf) return
  refuses(() => readBtfExtOf(elf, btf))
  const alignments = createAlignments(btf)
  for (const id of btf.types.keys()) {
    refuses(() => sizeOf(btf, id))
    refuses(() => alignments.of(id))
  }
  refuses(() => expect(dumpC(btf)).not.toContain('undefined'))
  refuses(() => dumpC(btf, { sort: true }))
}

const objects = {
  program: objectOf(fixture('program.bpf.c', import.meta.url)),
  types: objectOf(fixture('../../btf/fixtures/types.c', import.meta.url), { target: 'bpfeb' }),
}

describe.each(Object.entries(objects))('the object of %s', (_, object) => {
  it('is read whole', () => {
    expect(refuses(() => readAll(object))).toBe(false)
  })

  it('is refused when it ends early', () => {
    // The table of sections stands at the end: an object without its last byte is none.
    for (let length = 0; length < object.length; length += 61) {
      expect(refuses(() => readAll(object.subarray(0, length)))).toBe(true)
    }
    expect(refuses(() => readAll(object.subarray(0, -1)))).toBe(true)
  })

  const change = fc.record({
    at: fc.nat(object.length - 1),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.constantFrom(...[0, 1, 0x7f, 0x80, 0xff].map((byte) => new Uint8Array(4).fill(byte))),
    ),
  })
  it('is read or refused, whatever bytes change', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
        const damaged = new Uint8Array(object.length + 8)
        damaged.set(object)
        for (const { at, bytes } of changes) damaged.set(bytes, at)
        const start = performance.now()
        refuses(() => readAll(damaged.subarray(0, object.length)))
        expect(performance.now() - start).toBeLessThan(10_000)
      }),
      { numRuns: 300 },
    )
  })

  it('is read or refused, whatever words of its BTF change', () => {
    const elf = readElf(object)
    const btf = elf.sections.find(({ name }) => name === '.BTF')?.data ?? new Uint8Array()
    const word = fc.oneof(
      fc.nat(200),
      fc.nat(),
      fc.integer(),
      fc.nat(20).map((kind) => kind << 24),
    )
    const words = fc.array(fc.tuple(fc.nat(Math.floor(btf.length / 4) - 1), word), { minLength: 1 })
    fc.assert(
      fc.property(words, (changes) => {
        const damaged = Uint8Array.from(btf)
        const view = new DataView(damaged.buffer)
        for (const [at, value] of changes) view.setInt32(at * 4, value, elf.littleEndian)
        refuses(() => {
          const graph = readBtf(damaged)
          for (const id of graph.types.keys()) refuses(() => sizeOf(graph, id))
          const alignments = createAlignments(graph)
          for (const id of graph.types.keys()) refuses(() => alignments.of(id))
          dumpC(graph)
        })
      }),
      { numRuns: 500 },
    )
  })
})
