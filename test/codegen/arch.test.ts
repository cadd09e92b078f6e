import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { buildSkeleton, type SkeletonBuild } from '../../src/codegen/skeleton.ts'
import type { Arch } from '../../src/compile/options/arch.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { readElf } from '../../src/elf/elf.ts'
import type { Skeleton } from '../../src/runtime/skeleton/skeleton.ts'
import { evaluate } from './bundled.ts'
import { PRELUDE, project } from './project.ts'

const BODY = `
SEC("xdp") int pass(void *ctx) {
#ifdef __TARGET_ARCH_arm64
  return 1;
#else
  return 2;
#endif
}`

function build(source: string, arch?: Options['arch']): Promise<SkeletonBuild> {
  const file = join(project({ 'test.bpf.c': PRELUDE + source }), 'test.bpf.c')
  return buildSkeleton(file, { cache: false, ...(arch && { arch }) })
}

let evaluated = 0

async function skeletonOf({ code, diagnostics }: SkeletonBuild): Promise<Skeleton> {
  if (code === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  // Equal modules would be one, which has chosen its object.
  return (await evaluate(`${code}\nexport const nonce = ${evaluated++}`))['default'] as Skeleton
}

/** What Node says it runs on, as long as the test runs. */
function pretend(nodeArch: string): void {
  const real = Object.getOwnPropertyDescriptor(process, 'arch')
  Object.defineProperty(process, 'arch', { ...real, value: nodeArch })
  onTestFinished(() => {
    if (real) Object.defineProperty(process, 'arch', real)
  })
}

/** The return value: the immediate of the first instruction of section xdp. */
function returned(object: Uint8Array): number | undefined {
  return readElf(object).sections.find(({ name }) => name === 'xdp')?.data[4]
}

describe('objects for several architectures', () => {
  it.each([
    ['x64', 2],
    ['arm64', 1],
  ])('are in one module, of which %s opens its own', async (nodeArch, result) => {
    const skeleton = await skeletonOf(await build(BODY, ['x86', 'arm64']))
    pretend(nodeArch)
    expect(returned(skeleton.object)).toBe(result)
  })

  it.each<[Arch[], string, string]>([
    [['x86', 'arm64'], 'riscv64', 'compiled for x86 and arm64, and this machine is riscv'],
    [['arm64'], 'x64', 'compiled for arm64, and this machine is x86'],
    [['x86'], 'constructor', 'compiled for x86, and this machine is constructor'],
  ])('compiled for %j do not open on %s', async (arch, nodeArch, message) => {
    const skeleton = await skeletonOf(await build(BODY, arch))
    pretend(nodeArch)
    for (const use of [
      () => skeleton.open(),
      () => skeleton.openAndLoad(),
      () => skeleton.object,
    ]) {
      expect(use).toThrow(
        expect.objectContaining({
          name: 'BpfError',
          code: 'ERR_BPF_UNSUPPORTED',
          message: expect.stringContaining(message),
        }),
      )
    }
    expect(skeleton.name).toBe('test_bpf')
  })

  it('that are equal share their bytes', async () => {
    const { code = '', object = new Uint8Array() } = await build(
      'SEC("xdp") int pass(void *ctx) { return 2; }',
      ['x86', 'arm64', 'riscv'],
    )
    expect(code.split(Buffer.from(object).toString('base64'))).toHaveLength(2)
    expect(code).toContain("{ arch: ['x86', 'arm64', 'riscv'], object: '")
  })

  it('leave no room for doubt which the types are of: the first', async () => {
    const source = `struct state { __u32 a;
#ifdef __TARGET_ARCH_arm64
      __u64 b;
#endif
    };
    struct state now;
    #ifdef __TARGET_ARCH_x86
    #define SIDE 1
    #else
    #define SIDE 2
    #endif
    SEC("xdp") int pass(void *ctx) { return now.a; }`
    const { declarationsFor, diagnostics, model } = await build(source, ['x86', 'arm64'])
    expect(diagnostics.map(({ severity, message, line }) => [severity, message, line])).toEqual([
      ['warning', expect.stringMatching(/^type state differs between x86 and arm64: /u), 5],
      ['warning', expect.stringMatching(/^macro SIDE differs between x86 and arm64: /u), 12],
    ])
    expect(declarationsFor?.('/x.d.c.ts')).not.toContain('b: bigint')
    expect(model?.defines).toMatchObject([{ name: 'SIDE', value: 1 }])

    const turned = await build(source, ['arm64', 'x86'])
    expect(turned.declarationsFor?.('/x.d.c.ts')).toContain('b: bigint')
  })

  it.each([
    ['program extra', 'SEC("xdp") int extra(void *ctx) { return 1; }'],
    [
      'map extra',
      'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, int); __type(value, int); } extra SEC(".maps");',
    ],
    ['section .data', 'int extra = 1;'],
  ])('one of which has a %s make no skeleton', async (what, extra) => {
    const { code, diagnostics } = await build(
      `${BODY}
#ifdef __TARGET_ARCH_arm64
${extra}
#endif`,
      ['x86', 'arm64'],
    )
    expect(code).toBeUndefined()
    const errors = diagnostics.filter(({ severity }) => severity === 'error')
    expect(errors.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(`^${what} exists for arm64 but not for x86: `),
    )
  })

  it('are told apart in clang’s messages, what concerns all is said once', async () => {
    const { code, diagnostics } = await build(
      `#warning everywhere
#ifdef __TARGET_ARCH_arm64
#error nowhere
#endif`,
      ['x86', 'arm64'],
    )
    expect(code).toBeUndefined()
    expect(diagnostics.map(({ message }) => message)).toEqual(['everywhere', 'nowhere (for arm64)'])
  })
})

it('without the option, the one object is for any machine', async () => {
  const skeleton = await skeletonOf(await build(BODY))
  pretend('riscv64')
  expect(skeleton.object.length).toBeGreaterThan(0)
})

it('[arch] in include and vmlinux is the architecture', async () => {
  const folder = project({
    'test.bpf.c': `#include "vmlinux.h"\n#include "side.h"\nstruct held now;\nint side = SIDE;`,
    'x86/side.h': '#define SIDE 1\n',
    'arm64/side.h': '#define SIDE 2\n',
    'x86.h': 'struct held { int a; };\n',
    'arm64.h': 'struct held { int a, b; };\n',
  })
  const { dependencies, diagnostics } = await buildSkeleton(join(folder, 'test.bpf.c'), {
    cwd: folder,
    cache: join(folder, 'cache'),
    arch: ['x86', 'arm64'],
    include: ['[arch]'],
    vmlinux: '[arch].h',
  })
  expect(diagnostics.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^type held differs/u),
    expect.stringMatching(/^macro SIDE differs/u),
  ])
  for (const name of ['x86/side.h', 'arm64/side.h', 'x86.h', 'arm64.h']) {
    expect(dependencies).toContain(join(folder, name))
  }
})
