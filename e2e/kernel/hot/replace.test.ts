import { readdirSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { Incompatible } from '../../../src/runtime/hot/index.ts'
import { type ArrayMap, BpfError, type Link, VerifierError } from '../../../src/runtime/index.ts'
import { describeInKernel } from '../permitted.ts'
import type { Edit } from './edited.ts'
import { faster, run, start } from './edited.ts'

/** A packet. */
const data = new Uint8Array(64)
const broken: Edit = ['*value += 1', '*(value + 100) += 1']

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

describeInKernel('an edited program', () => {
  test('replaces the running one behind the same JavaScript objects', async () => {
    const { opened, edit } = await start()
    const { progs, maps, bss } = opened
    expect(run(opened)).toBe(1)
    await expect(edit(faster)).resolves.toMatchObject({ instances: 1 })
    expect([opened.progs, opened.maps, opened.bss]).toEqual([progs, maps, bss])
    expect(progs.run.testRun({}).retval).toBe(11)
    expect(bss.count).toBe(11n)
  })

  test('reuses its maps, and loops over them go on', async () => {
    const { opened, edit } = await start()
    opened.maps.seen.set(1, 5n)
    const { id } = opened.maps.seen
    const heard: number[] = []
    opened.maps.records.on((n) => heard.push(n))
    run(opened)
    await edit(faster)
    run(opened)
    expect([opened.maps.seen.id, opened.maps.seen.get(1)]).toEqual([id, 7n])
    await expect.poll(() => heard).toEqual([1, 11])
  })

  test('reuses its maps while an iteration over one is suspended', async () => {
    const { opened, edit } = await start(({ maps }) => (maps.seen.maxEntries = 2000))
    for (let key = 1; key <= 1500; key++) opened.maps.seen.set(key, 0n)
    const keys = new Set<number>()
    for (const [key] of opened.maps.seen) {
      if (keys.size % 500 === 0)
        await edit(keys.size % 1000 === 0 ? faster : ['count += step', 'count += 2 * step'])
      keys.add(key)
      expect(opened.maps.seen.get(key)).toBe(0n)
    }
    expect(keys.size).toBe(1500)
  })

  test('keeps the values of variables, static ones too', async () => {
    const { opened, edit } = await start()
    const { last, history } = opened.bss as unknown as {
      last: { y: number }
      history: ArrayLike<number>
    }
    opened.bss.name = 'Ada'
    opened.data.limit = 7
    run(opened)
    await edit(faster)
    run(opened)
    expect([last.y, history[1], opened.bss.name]).toEqual([14, 2, 'Ada'])
  })

  test('keeps them when the edit moves them by adding others before', async () => {
    const { opened, edit } = await start()
    const { last, history } = opened.bss
    opened.bss.name = 'Zoë'
    run(opened)
    await edit(['__u64 count;', 'char before[40]; __u64 earlier; __u64 count;'], faster)
    run(opened)
    expect([opened.bss.count, last.y, opened.bss.name]).toEqual([11n, 10, 'Zoë'])
    // Static ones begin anew: a skeleton does not show them.
    expect(history[1]).toBe(1)
    opened.bss.name = 'Eve'
    opened.bss.count = 100n
    last.y = 1
    expect(run(opened)).toBe(110)
    expect({ ...opened.bss }).toMatchObject({ count: 110n, name: 'Eve' })
    expect(last.y).toBe(6)
    await edit(['__u64 count;', 'char before[40]; __u64 earlier, even_earlier[3]; __u64 count;'])
    expect(run(opened)).toBe(111)
    expect(opened.bss.name).toBe('Eve')
  })

  test('starts with the new value of a variable whose initialiser was edited', async () => {
    const { opened, edit } = await start()
    opened.data.limit = 7
    await edit(faster)
    expect(opened.data.limit).toBe(7)
    await edit(faster, ['limit = 5', 'limit = 6'])
    expect(opened.data.limit).toBe(6)
  })

  test('keeps constants that JavaScript wrote, and has those that were edited', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.step = 3
    })
    await edit(faster, ['"start"', '"other"'])
    expect(run(opened)).toBe(30)
    expect({ ...opened.rodata }).toMatchObject({ step: 3, label: 'other' })
    expect(() => (opened.rodata.step = 4)).toThrow('read-only once loaded')
  })

  test('keeps the settings that JavaScript made', async () => {
    const { opened, edit } = await start(({ maps, progs }) => {
      maps.seen.maxEntries = 2
      progs.tail.autoload = true
    })
    await edit(faster)
    expect([opened.maps.seen.maxEntries, opened.progs.tail.autoload]).toEqual([2, true])
    expect(opened.progs.tail.testRun({ data }).retval).toBe(70)
    expect(opened.progs.jump.autoload).toBe(false)
  })

  test('is what tail calls call', async () => {
    const { opened, edit } = await start(({ progs }) => {
      progs.tail.autoload = progs.jump.autoload = true
    })
    opened.maps.calls.set(1, opened.progs.tail)
    expect(opened.progs.jump.testRun({ data }).retval).toBe(70)
    await edit(['return 70', 'return 71'])
    expect(opened.progs.jump.testRun({ data }).retval).toBe(71)
  })

  test('that cannot be put into a program array leaves the running one as it is', async () => {
    const { opened, edit } = await start(({ progs }) => {
      progs.tail.autoload = progs.jump.autoload = true
    })
    opened.attach()
    opened.maps.calls.set(1, opened.progs.tail)
    opened.maps.calls.freeze()
    const { id } = opened.progs.jump
    await expect(edit(['return 70', 'return 71'])).rejects.toThrow(BpfError)
    expect([opened.progs.jump.id, opened.links.on_enter?.destroyed]).toEqual([id, false])
    expect(opened.progs.jump.testRun({ data }).retval).toBe(70)
    opened.destroy()
  })

  test('is added to the groups where it is new, and attached as the others are', async () => {
    const { opened, edit } = await start()
    opened.attach()
    const extra = `
__u64 more;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } added SEC(".maps");
SEC("raw_tp/sys_exit") int added_too(void *ctx) { __u32 key = 2, *value = bpf_map_lookup_elem(&added, &key); more++; if (value) *value = 9; return 0; }`
    await edit(['/* EXTRA */', extra])
    const { maps, progs, links } = opened as unknown as {
      maps: Record<string, ArrayMap<number>>
      progs: Record<string, object>
      links: Record<string, Link>
    }
    expect(progs).toHaveProperty('added_too')
    expect(links['added_too']?.destroyed).toBe(false)
    expect(maps['added']?.get(2)).toBe(9)
    opened.detach()
    expect(links['added_too']?.destroyed ?? true).toBe(true)
    expect(opened.attach().links.on_enter?.destroyed).toBe(false)
    expect((opened.links as typeof links)['added_too']?.destroyed).toBe(false)
  })

  test('is attached where its section says now', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.self = process.pid
    })
    opened.attach()
    const { on_enter: link } = opened.links
    await edit(['raw_tp/sys_enter', 'raw_tp/sys_exit'])
    expect(opened.links.on_enter).toBe(link)
    expect(link?.info).toMatchObject({ type: 'raw_tracepoint', tracepoint: 'sys_exit' })
    await edit(['raw_tp/sys_enter', 'raw_tp'])
    expect([link?.destroyed, opened.progs.on_enter.autoload]).toEqual([true, true])
  })

  test('goes on counting, and reports the events that both counted', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.self = process.pid
    })
    opened.attach()
    const { on_enter: link } = opened.links
    let lost = 0
    const heard = { samples: 0 }
    opened.maps.samples.on(() => heard.samples++, { lost: ({ count }) => (lost += count) })
    const replaced = await edit(faster)
    expect(link?.destroyed).toBe(false)
    expect(opened.links.on_enter).toBe(link)
    expect(replaced.doubleCounted).toBeTypeOf('bigint')
    const before = heard.samples
    await expect.poll(() => heard.samples).toBeGreaterThan(before)
    expect(opened.bss.last.x).not.toBe(0)
    expect(lost).toBe(0)
  })

  test('that the verifier refuses leaves the running one as it is', async () => {
    const { opened, edit } = await start()
    opened.attach()
    opened.maps.seen.set(1, 5n)
    const [{ id: program }, { id: link }] = [opened.progs.run, opened.links.on_enter as Link]
    await expect(edit(broken)).rejects.toThrow(VerifierError)
    expect([opened.progs.run.id, opened.links.on_enter?.id]).toEqual([program, link])
    expect(run(opened)).toBe(1)
    expect(opened.maps.seen.get(1)).toBe(6n)
    await edit(faster)
    expect(run(opened)).toBe(11)
  })

  test('that cannot be attached leaves the running one as it is', async () => {
    const { opened, edit } = await start()
    opened.attach()
    const { id } = opened.links.on_enter as Link
    await expect(edit(['raw_tp/sys_enter', 'raw_tp/no_such_point'])).rejects.toThrow(
      'no_such_point',
    )
    expect(opened.links.on_enter?.id).toBe(id)
    expect(run(opened)).toBe(1)
  })

  test('keeps the state of each open instance, and is what open() opens next', async () => {
    const { opened, edit } = await start()
    run(opened)
    await edit(faster)
    await edit(faster, ['10 * step', '100 * step'])
    expect(run(opened)).toBe(101)
  })

  test('replaces the program of instances that the agent opens meanwhile, too', async () => {
    const { opened, edit, open } = await start()
    const editing = edit(faster)
    const other = open()
    await expect(editing).resolves.toMatchObject({ instances: 2 })
    expect([run(opened), run(other)]).toEqual([10, 10])
    expect(run(open())).toBe(10)
  })

  test('is dropped when the agent destroys the instance meanwhile', async () => {
    const { opened, edit } = await start()
    const editing = edit(faster)
    opened.destroy()
    await expect(editing).resolves.toMatchObject({ instances: 0 })
    expect(() => opened.attach()).toThrow('destroyed')
  })

  test('leaves no descriptors behind', async () => {
    const { opened, edit } = await start()
    opened.attach()
    opened.maps.records.on(() => {})
    await edit(faster)
    const before = descriptors()
    for (let turn = 0; turn < 6; turn++)
      await edit(turn % 2 === 0 ? broken : faster).catch(() => {})
    expect(descriptors()).toBe(before)
    opened.destroy()
    expect(descriptors()).toBeLessThan(before)
  })

  describe('is refused the place of one whose', () => {
    test.for<[what: string, ...edits: Edit[]]>([
      [
        'map seen changed',
        ['__type(value, __u64);', '__type(value, __u32);'],
        ['__u64 *value', '__u32 *value'],
      ],
      [
        'map records changed',
        ['BPF_MAP_TYPE_RINGBUF', 'BPF_MAP_TYPE_USER_RINGBUF'],
        ['bpf_ringbuf_output', '(void)'],
      ],
      ['variable bss.name changed', ['char name[16]', 'char name[17]']],
      ['variable bss.name was removed', ['char name[16];', '']],
      ['program tail was removed', ['int tail(', 'int tale(']],
      ['program pass changed', ['"?xdp"', '"?socket"'], ['struct xdp_md', 'struct __sk_buff']],
      ['type point changed', ['__s16 x;', '__s32 x;']],
      ['map seen changed', ['max_entries, 8', 'max_entries, 16']],
      ['map records changed', ['max_entries, 4096', 'max_entries, 8192']],
    ])('%s', async ([what, ...edits]) => {
      const { opened, edit } = await start()
      const failure = await edit(...edits).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Incompatible)
      expect(String(failure)).toContain(what)
      expect(run(opened)).toBe(1)
    })
  })
})
