import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { codec, type Layout, type Member } from '../../src/codec/index.ts'
import { layoutOf } from '../../src/codegen/layout.ts'
import { findClang } from '../../src/compile/clang/find-clang.ts'
import { readElf } from '../../src/elf/elf.ts'
import { anyComposite, type CType, prelude, valueOf } from './arbitrary.ts'

const clang = await findClang(process.env['BPF_CLANG'], mkdtempSync(join(tmpdir(), 'codec-')))

interface Variable {
  readonly type: CType
  readonly value: object
}
const variable: fc.Arbitrary<Variable> = anyComposite.chain((type) =>
  valueOf(type.layout).map((value): Variable => ({ type, value: value as object })),
)

describe('the bytes of an encoded value', () => {
  test('are those clang gives a variable with the same initial value', () => {
    fc.assert(
      fc.property(fc.array(variable, { minLength: 30, maxLength: 30 }), (variables) => {
        const object = compile(
          variables.map(({ type, value }, i) => {
            const declaration = type.declare(`v${i} __attribute__((section(".data.values")))`)
            return `${declaration} = ${initialiser(type.layout, value)};`
          }),
        )
        for (const [i, { type, value }] of variables.entries()) {
          const { bytes, layout } = object.variable(`v${i}`)
          expect(codec(type.layout).encode(value), type.declare(`v${i}`)).toEqual(bytes)
          // The layout that its BTF is given means the same.
          expect(codec(layout).encode(value), type.declare(`v${i}`)).toEqual(bytes)
        }
      }),
      // To make a failing program smaller takes a compilation a step.
      { numRuns: 2, endOnFailure: true },
    )
  })
})

function compile(declarations: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(
    clang.path,
    ['-target', 'bpf', '-g', '-O2', '-w', '-c', '-x', 'c', '-', '-o', '-'],
    { input: prelude + declarations.join('\n'), maxBuffer: 2 ** 28 },
  )
  if (status !== 0) throw new Error(String(stderr))
  const elf = readElf(stdout)
  const section = (name: string): Uint8Array =>
    elf.sections.find((section) => section.name === name)?.data ?? new Uint8Array()
  const btf = readBtf(section('.BTF'))
  const values = section('.data.values')
  return {
    variable(name: string): { bytes: Uint8Array; layout: Layout } {
      const symbol = elf.symbols.find((symbol) => symbol.name === name)
      const type = btf.types.find((type) => type.kind === 'var' && type.name === name)
      if (!symbol || type?.kind !== 'var') throw new Error(`clang left out ${name}`)
      const bytes = values.slice(symbol.value, symbol.value + symbol.size)
      return { bytes, layout: layoutOf(btf, type.target) }
    },
  }
}

/** A value as C writes it. */
function initialiser(layout: Layout, value: unknown): string {
  switch (layout.kind) {
    case 'chars':
      return `{${Array.from(new TextEncoder().encode(value as string))}}`
    case 'bytes':
      return `{${Array.from(value as Uint8Array)}}`
    case 'array':
      return `{${(value as unknown[]).map((element) => initialiser(layout.element, element))}}`
    case 'struct':
    case 'union':
      return `{${fieldInitialisers(layout.members, value as Record<string, unknown>)}}`
    case 'float':
      return Object.is(value, -0) ? '-0.0' : (value as number).toExponential()
    default:
      return integer(value as number | bigint | boolean)
  }
}

function fieldInitialisers(
  members: readonly Member[],
  value: Readonly<Record<string, unknown>>,
): string[] {
  return members.flatMap(({ name, layout }) => {
    if (name === '' && 'members' in layout) return fieldInitialisers(layout.members, value)
    return name in value ? `.${name} = ${initialiser(layout, value[name])}` : []
  })
}

function integer(value: number | bigint | boolean): string {
  const bits = BigInt.asUintN(128, BigInt(value))
  return `(s128)((u128)${bits >> 64n}ULL << 64 | ${bits & 0xffffffffffffffffn}ULL)`
}
