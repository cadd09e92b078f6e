import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readSourceInfo } from '../../src/dwarf/source-info.ts'
import { compiled } from './object-of.ts'

function macrosOf(files: Readonly<Record<string, string>>, flags?: readonly string[]) {
  const { elf } = compiled(files, flags)
  const { macros } = readSourceInfo(elf, { isOwn: (file) => !file.endsWith('vmlinux.h') })
  return Object.fromEntries(macros.map(({ name, value }) => [name, value]))
}

/** What clang makes of each expression, as 64 bits: initial values in a section of their own. */
function clangValues(source: string, expressions: readonly string[]): bigint[] {
  const values = expressions.map((text) => `(long long)(${text})`)
  const { elf } = compiled({
    'values.bpf.c': `${source}\nlong long values[] __attribute__((section(".data.values"))) = {${values.join(',\n')}};\n`,
  })
  const data = elf.sections.find(({ name }) => name === '.data.values')?.data
  if (!data) throw new Error('the object has no values')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return expressions.map((_, index) => view.getBigInt64(index * 8, true))
}

const integers = [
  '8',
  '-1',
  '+3',
  '0',
  '0x1F',
  '0Xff',
  '017',
  '0b101',
  '(3)',
  '((4))',
  '1 << 4',
  '(1 << 4) | 3',
  '1UL << 63',
  '0xffffffff',
  '0x80000000',
  '4294967295U',
  '~0',
  '~0U',
  '~0UL',
  '~0ULL',
  '-1U',
  '2147483648',
  '0xffffffffffffffff',
  '-9223372036854775807LL - 1',
  '10 / 3',
  '-10 / 3',
  '-10 % 3',
  '10 % 3u',
  '-1 < 1u',
  '-1 < 1',
  '1 ? 2 : 3',
  '0 ? 2 : -3u',
  '3 > 2 && 1',
  '0 || 0',
  '!5',
  '5 == 5u',
  '5 != 4',
  '7 & 3',
  '7 ^ 2',
  '-8 >> 1',
  '-8u >> 1',
  "'A'",
  "'\\n'",
  "'\\''",
  "'\\x41'",
  "'\\377'",
  "'\\0'",
  '(unsigned char)300',
  '(char)200',
  '(short)70000',
  '(__u32)-1',
  '(u64)1 << 40',
  '(_Bool)7',
  '(uid_t)-1',
  '(u8)-1',
  '(unsigned long long)-1',
  '(int)0xffffffffUL',
  '1 + 2 * 3 - 4',
  '(1 + 2) * 3',
  '1 << 2 + 3',
  '1 | 2 == 2',
  '- - 5',
  '~ -1',
  '1\\\n + 1',
  'OTHER',
  'OTHER * 2 + LATER',
  'BIT(5)',
  'BIT(OTHER)',
  'ADD(1, (2 + 3) + 1)',
  'FIRST',
  'SECOND | FIRST',
  'true',
  'false',
  'NEGATIVE',
  'SELF',
  'WIDE',
  'WIDE + 1',
  '1 /* comment */ + 2',
]

const prelude = `
typedef unsigned int uid_t; typedef unsigned char u8; typedef unsigned int __u32; typedef unsigned long long u64;
enum { FIRST = 1, SECOND, SELF, NEGATIVE = -4 };
enum { WIDE = 0x1ffffffffULL };
#define true 1
#define false 0
#define OTHER 21
#define BIT(n) (1ULL << (n))
#define ADD(a, b) ((a) + (b))
#define SELF SELF
`

describe('integer macros', () => {
  it('have the value that clang gives them', () => {
    const defines = integers.map((text, index) => `#define VALUE_${index} ${text}`)
    const source = `${prelude}\n${defines.join('\n')}\n#define LATER 5\nint x;\n`
    const ours = macrosOf({ 'macros.bpf.c': source })
    const names = integers.map((_, index) => `VALUE_${index}`)
    const clang = clangValues(source, names)
    for (const [index, name] of names.entries()) {
      const value = ours[name]
      expect(typeof value, `${integers[index]}`).not.toBe('undefined')
      expect(BigInt.asIntN(64, BigInt(value ?? 0)), `${integers[index]}`).toBe(clang[index])
    }
    expect(ours.OTHER).toBe(21)
    expect(ours.VALUE_7).toBe(5)
  })

  it('are bigint where no number is exact', () => {
    const values = macrosOf({
      'macros.bpf.c':
        '#define A 9007199254740991\n#define B 9007199254740993\n#define C -9007199254740993\n#define D ~0ULL\nint x;\n',
    })
    expect(values).toEqual({
      A: Number.MAX_SAFE_INTEGER,
      B: 9007199254740993n,
      C: -9007199254740993n,
      D: 0xffff_ffff_ffff_ffffn,
    })
  })

  const literal = fc.constantFrom(
    '0',
    '1',
    '7',
    '31',
    '-2',
    '0xffffffffU',
    '2147483647',
    '3L',
    '5UL',
    '0x8000000000000000',
    '0xfffffffffff',
    "'z'",
  )
  const expression: fc.Memo<string> = fc.memo((depth) =>
    depth <= 1
      ? literal
      : fc.oneof(
          literal,
          fc
            .tuple(
              expression(depth - 1),
              fc.constantFrom(
                '+',
                '-',
                '*',
                '/',
                '%',
                '<<',
                '>>',
                '&',
                '|',
                '^',
                '==',
                '!=',
                '<',
                '>',
                '<=',
                '>=',
                '&&',
                '||',
              ),
              expression(depth - 1),
            )
            .map(([a, operator, b]) => `${a} ${operator} ${b}`),
          fc
            .tuple(
              fc.constantFrom(
                '-',
                '~',
                '!',
                '+',
                '(unsigned char)',
                '(long)',
                '(unsigned)',
                '(short)',
              ),
              expression(depth - 1),
            )
            .map(([operator, a]) => `${operator} (${a})`),
          fc
            .tuple(expression(depth - 1), expression(depth - 1), expression(depth - 1))
            .map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
          expression(depth - 1).map((a) => `(${a})`),
        ),
  )

  it('agree with clang on random expressions', () => {
    const many = fc.array(expression(5), { minLength: 200, maxLength: 200 })
    fc.assert(
      fc.property(many, (texts) => {
        const source = `${texts.map((text, index) => `#define V${index} ${text}`).join('\n')}\nint x;\n`
        const ours = macrosOf({ 'macros.bpf.c': source })
        // What divides by zero or shifts too far is left out, and clang may refuse it.
        const names = texts.map((_, index) => `V${index}`).filter((name) => name in ours)
        expect(names.length).toBeGreaterThan(50)
        const clang = clangValues(source, names)
        for (const [index, name] of names.entries()) {
          const text = texts[Number(name.slice(1))]
          expect(BigInt.asIntN(64, BigInt(ours[name] ?? 0)), text).toBe(clang[index])
        }
      }),
      { numRuns: 3 },
    )
  })
})

it('reads string macros', () => {
  const values = macrosOf({
    'macros.bpf.c': String.raw`
#define NAME "trace"
#define GREETING "hello " NAME "\t\"\x41\101\n"
#define PARENTHESISED ("in parentheses")
#define UTF8 u8"ä€\u00e4"
#define WIDE L"no"
#define EMPTY_STRING ""
int x;
`,
  })
  expect(values).toEqual({
    NAME: 'trace',
    GREETING: 'hello trace\t"AA\n',
    PARENTHESISED: 'in parentheses',
    UTF8: 'ä€ä',
    EMPTY_STRING: '',
  })
})

it('leaves out what is neither integer nor string', () => {
  const values = macrosOf({
    'macros.bpf.c': String.raw`
struct s { int a; };
#define GUARD
#define FUNCTION(x) (x)
#define SIZE sizeof(struct s)
#define FLOAT 1.5
#define TYPE unsigned int
#define STATEMENT do { } while (0)
#define UNKNOWN undeclared
#define CALL FUNCTION
#define ZERO (1 / 0)
#define SHIFT (1 << 32)
#define PASTE(a) a ## 1
#define PASTED PASTE(2)
#define STRINGIFY(a) #a
#define STRINGIFIED STRINGIFY(2)
#define UNBALANCED (1
#define TWO 1 2
#define MANY 'ab'
#define VARIADIC(...) 1
#define NONE VARIADIC(1, 2)
#define LOOP_A LOOP_B
#define LOOP_B LOOP_A
#define DECIMAL_OCTAL 09
int x;
`,
  })
  expect(Object.keys(values)).toEqual([])
})

it('knows the last definition, of own files alone', () => {
  const files = {
    'macros.bpf.c':
      '#include "vmlinux.h"\n#include "own.h"\n#define A 1\n#undef A\n#define A 2\n#define B 3\n#undef B\n#define C FOREIGN\n#ifdef NEVER\n#define D 1\n#endif\nint x;\n',
    'own.h': '#define IN_HEADER 7\n',
    'vmlinux.h': '#define FOREIGN 9\n',
  }
  for (const version of ['-gdwarf-5', '-gdwarf-4']) {
    expect(macrosOf(files, [version, '-DCOMMAND_LINE=1'])).toEqual({ A: 2, C: 9, IN_HEADER: 7 })
  }
})

/** Macros each of which is the next one twice. */
function chain(prefix: string, operator: string): string[] {
  return Array.from({ length: 60 }, (_, index) => {
    const next = `${prefix}${index + 1}`
    return `#define ${prefix}${index} ${next} ${operator} ${next}`
  })
}

it('ends on macros that would grow without end', () => {
  const source = [
    `#define SUM 1${' + 1'.repeat(2000)}`,
    ...chain('M', '+'),
    ...chain('EMPTY', ''),
    `#define DEEP ${'('.repeat(5000)}1${')'.repeat(5000)}`,
    `#define LONG ${'1 ? '.repeat(5000)}1${' : 1'.repeat(5000)}`,
    '#define M60 1',
    '#define EMPTY60',
    'int x;\n',
  ]
  const started = process.cpuUsage()
  const values = macrosOf({ 'macros.bpf.c': source.join('\n') })
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(10_000)
  expect(values).toMatchObject({ SUM: 2001, M60: 1, M58: 4 })
  for (const name of ['M0', 'EMPTY0', 'DEEP', 'LONG']) expect(values).not.toHaveProperty(name)
})
