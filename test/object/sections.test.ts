import { readFileSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { ObjectError } from '../../src/object/object-error.ts'
import type { BpfObject } from '../../src/object/object.ts'
import { readObject } from '../../src/object/read-object.ts'
import { objectOf } from '../elf/object-of.ts'
import { objectFrom } from './object-from.ts'

const shown = ({ sections }: BpfObject) =>
  sections.map(({ ident, variables }) => [
    ident,
    variables.map(({ name, offset, size }) => [name, offset, size]),
  ])

const flagsOf = ({ maps }: BpfObject) => maps.map(({ name, type, flags }) => [name, type, flags])

const source = `
  const volatile int limit = 5;
  int counter = 1;
  __u8 byte = 2;
  __u64 total;
  static volatile int local = 3;
  __hidden int hidden = 4;
  int weak __attribute__((weak)) = 6;
  struct { __u16 a; __u8 b; } packed[3] SEC(".data.my.list");
  SEC("xdp") int f(void *ctx) {
    static volatile int once = 7;
    return limit + counter + byte + total + local + hidden + weak + once + packed[1].b;
  }
`

describe('a data section', () => {
  it('shows its global variables at the offsets of their symbols', () => {
    const sections = new Map(shown(objectFrom(source)) as [string, [string, number, number][]][])
    expect([...sections.keys()].toSorted()).toEqual(['bss', 'data', 'data_my_list', 'rodata'])
    expect(sections.get('rodata')).toEqual([['limit', 0, 4]])
    expect(sections.get('data_my_list')).toEqual([['packed', 0, 12]])
    expect(sections.get('data')?.map(([name]) => name)).toEqual(['counter', 'byte', 'weak'])
    expect(new Set(sections.get('data')?.map(([, offset]) => offset)).size).toBe(3)
  })

  it('is a map that JavaScript may map, frozen for programs when it is constant', () => {
    expect(flagsOf(objectFrom(source)).toSorted()).toEqual([
      ['bss', 'ARRAY', 1 << 10],
      ['data', 'ARRAY', 1 << 10],
      ['data_my_list', 'ARRAY', 1 << 10],
      ['rodata', 'ARRAY', (1 << 10) | (1 << 7)],
    ])
  })

  it('is the same in either byte order', () => {
    expect(shown(objectFrom(source, 'bpfeb'))).toEqual(shown(objectFrom(source)))
  })

  it('has a map but no field when it holds no global', () => {
    const object = objectFrom(`
      static volatile int local = 3;
      SEC("xdp") int f(void *ctx) {
        char text[] = "strings that clang puts into .rodata.str1.1 when they are long enough to";
        bpf_trace_printk(text, sizeof(text));
        return local + (long)"another";
      }
    `)
    expect(object.maps.map(({ name }) => name)).toContain('data')
    expect(object.sections).toEqual([])
  })

  it('is left out when it is empty, or of no known name', () => {
    const object = objectFrom('int elsewhere SEC("my_section") = 1;')
    expect([object.maps, object.sections]).toEqual([[], []])
  })

  it('is known without BTF, but not what it holds', () => {
    const bytes = objectOf('int x __attribute__((section(".data.x"))) = 1;').toString('latin1')
    const untyped = Buffer.from(bytes.replaceAll('.BTF', '.XXX'), 'latin1')
    const { maps, sections, btf } = readObject(untyped, { name: 'x' })
    expect(btf).toBeUndefined()
    expect(maps).toMatchObject([{ elfName: '.data.x', flags: 0, value: undefined }])
    expect(sections).toEqual([])
  })
})

describe('.kconfig', () => {
  it('is laid out as libbpf does: by alignment, then size, then name', () => {
    const object = objectFrom(`
      extern bool CONFIG_B __kconfig;
      extern int LINUX_KERNEL_VERSION __kconfig;
      extern char CONFIG_NAME[7] __kconfig;
      extern unsigned long CONFIG_LONG __kconfig __weak;
      extern bool CONFIG_A __kconfig;
      extern enum libbpf_tristate CONFIG_T __kconfig;
      SEC("xdp") int f(void *ctx) {
        return CONFIG_A + CONFIG_B + LINUX_KERNEL_VERSION + CONFIG_LONG + CONFIG_T + CONFIG_NAME[1];
      }
    `)
    expect(shown(object)).toEqual([
      [
        'kconfig',
        [
          ['CONFIG_LONG', 0, 8],
          ['CONFIG_T', 8, 4],
          ['LINUX_KERNEL_VERSION', 12, 4],
          ['CONFIG_A', 16, 1],
          ['CONFIG_B', 17, 1],
          ['CONFIG_NAME', 18, 7],
        ],
      ],
    ])
    expect(object.maps).toMatchObject([{ elfName: '.kconfig', valueSize: 25 }])
  })

  it('takes the types that libbpf can fill in', () => {
    const struct =
      'struct s { int a; }; extern struct s CONFIG_S __kconfig; SEC("xdp") int f(void *c) { return CONFIG_S.a; }'
    expect(() => objectFrom(struct)).toThrow('extern CONFIG_S: a __kconfig variable is a bool')
  })

  it('is not of kernel symbols, which have no place', () => {
    const object = objectFrom(
      'extern const int bpf_prog_active __ksym; SEC("xdp") int f(void *c) { return (long)&bpf_prog_active; }',
    )
    expect([object.maps, object.sections]).toEqual([[], []])
  })

  it('or somewhere else an extern must be found', () => {
    const source = 'extern int nowhere; SEC("xdp") int f(void *c) { return nowhere; }'
    expect(() => objectFrom(source)).toThrow(ObjectError)
    expect(() => objectFrom(source)).toThrow('extern nowhere')
  })
})

describe('struct_ops', () => {
  it('makes a map of each variable', () => {
    const { maps, programs } = objectFrom(`
      struct my_ops { int (*init)(void *); char name[8]; int flags; };
      SEC("struct_ops/init") int init(void *ctx) { return 0; }
      SEC(".struct_ops") struct my_ops plain = { .init = (void *)init, .name = "a" };
      SEC(".struct_ops.link") struct my_ops linked = { .init = (void *)init, .name = "b" };
      SEC("?.struct_ops") struct my_ops off = { .init = (void *)init, .name = "c" };
    `)
    expect(programs).toMatchObject([{ name: 'init', type: 'STRUCT_OPS' }])
    expect(maps).toMatchObject([
      { name: 'plain', type: 'STRUCT_OPS', valueSize: 24, flags: 0, autocreate: true },
      { name: 'linked', flags: 1 << 13, autocreate: true },
      { name: 'off', flags: 0, autocreate: false },
    ])
  })
})

describe("an arena's globals", () => {
  const global =
    '__attribute__((address_space(1))) int count SEC(".addr_space.1"); SEC("xdp") int f(void *c) { return count; }'

  it('are a section of the arena itself', () => {
    const object = objectFrom(`
      struct { __uint(type, 33); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 10); } heap SEC(".maps");
      ${global}
    `)
    expect(object.maps).toMatchObject([{ name: 'heap', type: 'ARENA' }])
    expect(object.sections).toMatchObject([{ ident: 'arena', map: 'heap' }])
    expect(shown(object)).toEqual([['arena', [['count', 0, 4]]]])
  })

  it('need one', () => {
    expect(() => objectFrom(global)).toThrow('global __arena variables need an arena')
  })
})

describe('a file that is no BPF object', () => {
  it.each([
    ['of another machine', readFileSync(process.execPath).subarray(0, 64), /no BPF object|ELF/u],
    ['of text', Buffer.from('int main;'), /ELF, byte 0/u],
    ['of nothing', Buffer.alloc(0), /ELF, byte 0/u],
  ])('%s', (_, bytes, message) => {
    expect(() => readObject(bytes, { name: 'x' })).toThrow(message)
  })
})
