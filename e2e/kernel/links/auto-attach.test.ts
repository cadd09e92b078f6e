import { expect, onTestFinished, test, vi } from 'vitest'

import type { SkeletonInstance, Program } from '../../../src/runtime/index.ts'
import { Link } from '../../../src/runtime/links/link.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
SEC("raw_tp/sys_enter") int first(void *ctx) { return 0; }
SEC("?raw_tp/sys_exit") int optional(void *ctx) { return 0; }
SEC("uprobe") int untold(void *ctx) { return 0; }
SEC("raw_tp") int unnamed(void *ctx) { return 0; }
SEC("xdp") int by_hand(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tp_btf/sys_enter") int second(void *ctx) { return 0; }
SEC("raw_tp/no_such_point") int broken(void *ctx) { return 0; }
SEC("raw_tp/sys_exit") int last(void *ctx) { return 0; }
`
const names = [
  'first',
  'optional',
  'untold',
  'unnamed',
  'by_hand',
  'second',
  'broken',
  'last',
] as const
type Name = (typeof names)[number]
interface Test extends SkeletonInstance {
  progs: Record<Name, Program>
  links: Record<Name, Link | null | undefined>
}

async function open(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

const linked = ({ links }: Test): Name[] => names.filter((name) => links[name])

describeInKernel('attach()', () => {
  test('passes over what names no target, what is attached by hand, and what is turned off', async () => {
    const opened = await open()
    opened.progs.broken.autoattach = false
    opened.progs.last.autoload = false
    opened.load().attach()
    expect(linked(opened)).toEqual(['first', 'second'])
    for (const name of ['optional', 'untold', 'unnamed', 'by_hand', 'broken', 'last'] as const) {
      expect(opened.links[name]).toBeNull()
    }
  })

  test('stops at the first failure, and keeps what it attached', async () => {
    const opened = (await open()).load()
    expect(() => opened.attach()).toThrow(
      expect.objectContaining({ object: 'program broken of test_bpf', code: 'ENOENT' }),
    )
    expect(linked(opened)).toEqual(['first', 'second'])
    const { first } = opened.links
    expect(first?.destroyed).toBe(false)
    // Again: what has a link keeps it, the rest is tried.
    opened.progs.broken.autoattach = false
    opened.attach()
    expect(linked(opened)).toEqual(['first', 'second', 'last'])
    expect(opened.links.first).toBe(first)
  })

  test('what a program is attached to by hand counts, assigned to its slot or not', async () => {
    const opened = (await open()).load()
    opened.progs.broken.autoattach = false
    const own = opened.progs.first.attach()
    opened.attach()
    expect(opened.links.first).toBeNull()
    own.destroy()
    opened.attach()
    expect(opened.links.first?.destroyed).toBe(false)
  })

  test('detach() and destroy() end every link, the newest first', async () => {
    const destroyed = vi.spyOn(Link.prototype, 'destroy')
    onTestFinished(() => destroyed.mockRestore())
    const opened = (await open()).load()
    opened.progs.broken.autoattach = false
    const own = opened.progs.last.attach()
    opened.attach()
    const again = opened.progs.first.attach()
    const { first, second } = opened.links
    opened.detach()
    expect(destroyed.mock.contexts.slice(0, 4)).toEqual([again, second, first, own])
    expect([own, first, second, again].every((link) => link?.destroyed)).toBe(true)
    expect(linked(opened)).toEqual([])
    const later = opened.attach().links.first
    opened.destroy()
    expect(later?.destroyed).toBe(true)
    later?.destroy()
    expect(() => opened.attach()).toThrow(/was destroyed/)
  })
})
