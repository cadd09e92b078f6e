import { dirname } from 'node:path'

import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'

import type { SkeletonInstance } from '../../../src/runtime/index.ts'
import type { kprobeProgram } from '../../../src/runtime/internal.ts'
import { loading } from '../../loading.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'
import { versioned } from '../versioned.ts'

const source = (section: string): string => `
int hits;
SEC("${section}")
int probe(void *ctx)
{
	__sync_fetch_and_add(&hits, 1);
	return 0;
}
`
interface Test extends SkeletonInstance {
  progs: { probe: InstanceType<typeof kprobeProgram> }
  bss: { hits: number }
}

async function load(section: string): Promise<Test> {
  const { default: skel } = await build<Test>(source(section))
  const opened = skel.openAndLoad()
  onTestFinished(() => opened.destroy())
  return opened
}

const files = loading.possible ? versioned() : undefined
const { whole = '', stripped = '', fixed = '' } = files ?? {}
afterAll(() => files?.remove())

/** How often it runs when the program behind a file calls each function once. */
async function hitsOf({ bss }: Test, path: string): Promise<number> {
  const started = files?.start(path)
  onTestFinished(() => started?.end())
  await started?.call()
  return bss.hits
}

describeInKernel('functions that uprobes name', () => {
  test.each([
    ['sum', whole, 1],
    ['sum@VERS_1', whole, 1],
    ['sum@@VERS_2', whole, 1],
    ['sum', stripped, 1],
    ['sum@VERS_1', stripped, 1],
    ['produce', stripped, 1],
    ['old_sum', fixed, 1],
  ])('one: %s of %s', async (symbol, path, hits) => {
    const opened = await load('uprobe')
    opened.progs.probe.attachUprobe(path, { symbol })
    expect(await hitsOf(opened, path)).toBe(hits)
  })

  test.each([
    ['sum@VERS_3', whole, /libwhole.so.1 has no version VERS_3 of sum\..* \(ENOENT\)/],
    ['promise', whole, /promise of .* is an IFUNC.* \(ENOENT\)/],
    ['sum', '/proc/self/comm', /comm is not an ELF file\..* \(EINVAL\)/],
    ['sum', '/no/such/file', /cannot open \/no\/such\/file: .*\(ENOENT\)/],
    ['sum', 'libnone.so.1', /cannot find libnone.so.1: .*\(ENOENT\)/],
  ])('not: %s of %s', async (symbol, path, message) => {
    const { progs } = await load('uprobe')
    expect(() => progs.probe.attachUprobe(path, { symbol })).toThrow(message)
  })

  test.each([
    ['uprobe', 'sum'],
    ['uretprobe', 'sum@VERS_1'],
    ['uprobe.s', 'product+0'],
    ['uprobe.multi', 'pro*'],
  ])('in SEC("%s"): %s', async (kind, functions) => {
    const opened = await load(`${kind}/${stripped}:${functions}`)
    opened.attach()
    expect(await hitsOf(opened, stripped)).toBe(1)
    opened.detach()
    opened.progs.probe.attach()
    expect(await hitsOf(opened, stripped)).toBe(2)
  })

  test.each([
    ['uprobe', '', /names no binary.*write SEC\("uprobe\/BINARY:FUNCTION"\)/],
    ['uretprobe', ':sum+4', /Remove the offset: .*\(EINVAL\)/],
    ['uprobe', ':none', /has no function none\..* \(ENOENT\)/],
  ])('not in SEC("%s"): %s', async (kind, functions, message) => {
    const opened = await load(`${kind}/${stripped}${functions}`)
    expect(() => opened.attach()).toThrow(message)
  })

  test('the default version is the one that is called without one', async () => {
    const [first, second] = [await load('uprobe'), await load('uprobe')]
    const one = first.progs.probe.attachUprobe(stripped, { symbol: 'sum' })
    const two = second.progs.probe.attachUprobe(stripped, { symbol: 'sum@VERS_2' })
    if (release >= 606)
      expect(one.info).toEqual({ ...two.info, id: one.id, programId: first.progs.probe.id })
    await hitsOf(first, stripped)
    expect(second.bss.hits).toBe(1)
  })

  describe.skipIf(release < 606)('many at once (Linux 6.6)', () => {
    test.each([
      [['sum', 'sum@VERS_1', 'product'], whole, 3],
      [['sum', 'sum@VERS_1', 'product'], stripped, 3],
      [['sum', 'product'], fixed, 2],
      ['pro*', whole, 1],
      ['pro*', stripped, 1],
      ['?um', stripped, 2],
      ['*_sum', fixed, 1],
    ])('%j of %s', async (functions, path, hits) => {
      const opened = await load('uprobe.multi')
      opened.progs.probe.attachUprobeMulti(path, functions)
      expect(await hitsOf(opened, path)).toBe(hits)
    })

    test('with a cookie each, in a library that is found by its name', async () => {
      vi.stubEnv('LD_LIBRARY_PATH', dirname(whole))
      onTestFinished(() => void vi.unstubAllEnvs())
      const opened = await load('uprobe.multi')
      opened.progs.probe.attachUprobeMulti('libwhole.so.1', ['sum', 'product'], { cookies: [1, 2] })
      expect(await hitsOf(opened, whole)).toBe(2)
    })

    test.each([
      ['no*', /libstripped.so.1 has no function that matches no\* \(ENOENT\)/],
      [['sum', 'none'], /libstripped.so.1 has no function none\..* \(ENOENT\)/],
    ])('not %j', async (functions, message) => {
      const { progs } = await load('uprobe.multi')
      expect(() => progs.probe.attachUprobeMulti(stripped, functions)).toThrow(message)
    })

    test('not by a section that names no functions', async () => {
      const opened = await load(`uprobe.multi/${stripped}`)
      expect(() => opened.attach()).toThrow(
        /names no binary.*write SEC\("uprobe.multi\/BINARY:PATTERN"\)/,
      )
    })
  })
})
