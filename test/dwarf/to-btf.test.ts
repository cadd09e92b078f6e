import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readBtfOf } from '../../src/btf/btf.ts'
import { readSourceInfo } from '../../src/dwarf/source-info.ts'
import { canonical } from './canonical.ts'
import { compiled } from './object-of.ts'

const own = { isOwn: (file: string) => !file.endsWith('vmlinux.h') }

/** A variable of each type brings it into the object's BTF as clang sees it: the oracle. */
function expectSameAsBtf(
  types: string,
  names: readonly string[],
  flags: readonly string[] = [],
): void {
  const variables = names.map((name, index) => `${name} variable_${index};`)
  const { elf } = compiled({ 'types.bpf.c': `${types}\n${variables.join('\n')}\n` }, flags)
  const btf = readBtfOf(elf)
  if (!btf) throw new Error('the object has no BTF')
  const info = readSourceInfo(elf, own)
  const ours = new Map(info.types.map(({ id, name }) => [name, canonical(info.btf, id)]))
  for (const [index, name] of names.entries()) {
    const variable = btf.types.find(
      (type) => type.kind === 'var' && type.name === `variable_${index}`,
    )
    if (variable?.kind !== 'var') throw new Error(`BTF has no variable of ${name}`)
    const key = name.replace(/^(?:struct|union|enum) /, '')
    expect(ours.get(key), name).toBe(canonical(btf, variable.target))
  }
}

const everyKind = `
typedef unsigned char u8; typedef unsigned long long u64; typedef int s32;
#define decl_tag(x) __attribute__((btf_decl_tag(x)))
#define type_tag(x) __attribute__((btf_type_tag(x)))
enum sign { NEGATIVE = -5, POSITIVE = 7 };
enum wide { W1 = 0x100000000ULL, W2 = 0xffffffffffffffffULL };
enum wide_signed { WS1 = -1, WS2 = 0x100000000LL };
enum __attribute__((packed)) small { S1, S2 = 200 };
typedef enum { T1, T2 = 9 } enum_t;
struct scalars {
  char c; signed char sc; unsigned char uc; _Bool b; short s; unsigned short us; long l; long long ll;
  float f; double d; __int128 i128; unsigned __int128 u128; s32 t; volatile int v; const int k;
};
struct bits {
  unsigned a : 3, b : 13; unsigned : 4; unsigned c : 12; u64 d : 40; int e : 5; unsigned : 0; _Bool f : 1;
  enum sign g : 4;
};
struct __attribute__((packed)) packed_bits { char a; int b; u64 c : 50; short d; unsigned e : 31; u64 f : 33; };
struct __attribute__((aligned(64))) aligned { int a; char b __attribute__((aligned(16))); };
union choice { int i; char bytes[16]; struct { short x, y; } point; };
struct nested {
  union { int ua; struct { char x, y; }; };
  struct { int deep; struct { u8 deeper; } in[2]; } named[3];
  union choice choice;
  int dimensions[2][3][4];
  int zero[0];
  u8 flexible[];
};
struct foreign;
struct pointers {
  void *v; const volatile int *cv; const char *const text; int *restrict r; struct pointers *self;
  struct foreign *unknown; int (*call)(struct pointers *, const char *, ...); void (*plain)(void);
  int *(*table[4])[2]; struct pointers **chain; enum sign *e; u64 *t;
  int type_tag("first") type_tag("second") *tagged;
};
struct tags {
  u64 ns decl_tag("js:number") decl_tag("other"); int plain;
} decl_tag("on the type");
typedef struct { int q; } anonymous_t decl_tag("on the typedef");
typedef union { int q; float f; } anonymous_union_t;
struct enums { enum sign s; enum wide w; enum wide_signed ws; enum small m; enum_t t; };
`

const names = [
  'struct scalars',
  'struct bits',
  'struct packed_bits',
  'struct aligned',
  'union choice',
  'struct nested',
  'struct pointers',
  'struct tags',
  'anonymous_t',
  'anonymous_union_t',
  'struct enums',
  'enum sign',
  'enum wide',
  'enum wide_signed',
  'enum small',
  'enum_t',
]

describe.each([
  ['DWARF 5', '-gdwarf-5'],
  ['DWARF 4', '-gdwarf-4'],
  ['DWARF 3', '-gdwarf-3'],
  ['64-bit DWARF', '-gdwarf64'],
  ['big-endian', '--target=bpfeb'],
  ['big-endian DWARF 3', '--target=bpfeb', '-gdwarf-3'],
])('%s', (_name, ...flags) => {
  it('gives every kind of type as the BTF of a variable has it', () => {
    expectSameAsBtf(everyKind, names, flags)
  })
})

const scalar = fc.constantFrom(
  'char',
  'signed char',
  'unsigned char',
  '_Bool',
  'short',
  'int',
  'unsigned',
  'long',
  'unsigned long long',
  'float',
  'double',
  '__int128',
  'void *',
  'struct seed *',
)
const bitType = fc.constantFrom(
  'char',
  'unsigned char',
  'short',
  'int',
  'unsigned',
  'long',
  'unsigned long long',
)
const widths: Record<string, number> = {
  char: 8,
  'unsigned char': 8,
  short: 16,
  int: 32,
  unsigned: 32,
}

/** Members as C text; `#` stands for a name that is unique in its struct. */
const member: fc.Memo<string> = fc.memo((depth) =>
  fc.oneof(
    { weight: 4, arbitrary: scalar.map((type) => `${type} #;`) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(scalar, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }))
        .map(([type, lengths]) => `${type} #${lengths.map((length) => `[${length}]`).join('')};`),
    },
    {
      weight: 3,
      arbitrary: bitType.chain((type) =>
        fc.integer({ min: 1, max: widths[type] ?? 64 }).map((bits) => `${type} # : ${bits};`),
      ),
    },
    ...(depth > 1
      ? [
          {
            weight: 2,
            arbitrary: fc
              .tuple(
                fc.constantFrom('struct', 'union'),
                fc.array(member(depth - 1), { minLength: 1, maxLength: 4 }),
                fc.constantFrom('', '#', '#[3]'),
                fc.constantFrom('', ' __attribute__((packed))'),
              )
              .map(
                ([kind, members, name, packed]) =>
                  `${kind}${packed} { ${members.join(' ')} } ${name};`,
              ),
          },
        ]
      : []),
  ),
)

it.each([['-gdwarf-5'], ['-gdwarf-2']])('gives structs of any members so, with %s', (version) => {
  const attributes = fc.constantFrom(
    '',
    ' __attribute__((packed))',
    ' __attribute__((aligned(32)))',
  )
  const bodies = fc.array(
    fc.tuple(attributes, fc.array(member(3), { minLength: 1, maxLength: 8 })),
    { minLength: 30, maxLength: 30 },
  )
  fc.assert(
    fc.property(bodies, (structs) => {
      const types = structs.map(([attribute, members], index) => {
        let count = 0
        const body = members.join(' ').replaceAll('#', () => `m${count++}`)
        return `struct${attribute} random_${index} { ${body} };`
      })
      expectSameAsBtf(
        `struct seed { int a; };\n${types.join('\n')}`,
        structs.map((_, index) => `struct random_${index}`),
        [version],
      )
    }),
    { numRuns: 4 },
  )
})
