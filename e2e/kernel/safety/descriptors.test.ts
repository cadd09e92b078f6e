/** Descriptors that users close, and numbers that then mean something else. */
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs'

import { expect, onTestFinished, test } from 'vitest'

import type { HashMap, Program, SkeletonInstance } from '../../../src/runtime/index.ts'
import { BpfMap } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } small SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK); __uint(max_entries, 8); __type(value, __u64); } stack SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } percpu SEC(".maps");
SEC("raw_tp/sys_enter") int enter(void *ctx) { return 0; }
`

interface Test extends SkeletonInstance {
  maps: { small: HashMap<number, bigint> }
  progs: { enter: Program }
}

const { default: skel, file } = await build<Test>(source)

function load(): Test {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

/** Lists this process's descriptors of maps, programs and links. */
function bpfDescriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return /bpf/.test(readlinkSync(`/proc/self/fd/${fd}`)) ? [fd] : []
    } catch {
      // The folder's own.
      return []
    }
  })
}

/** Opens the module's file until it gets this number. */
function occupy(fd: number): void {
  const others: number[] = []
  for (;;) {
    const got = openSync(file, 'r')
    if (got === fd) break
    others.push(got)
    if (others.length > 1000) throw new Error(`nothing gets the number ${fd}`)
  }
  for (const other of others) closeSync(other)
  onTestFinished(() => closeSync(fd))
}

describeInKernel('the descriptor that `fd` returns', () => {
  test('is the same at each call; closed by a user, it is made anew', () => {
    const { maps, progs } = load()
    const link = progs.enter.attach()
    for (const object of [maps.small, progs.enter, link]) {
      const { fd } = object
      expect(object.fd).toBe(fd)
      closeSync(fd)
      expect(readlinkSync(`/proc/self/fd/${object.fd}`)).toMatch(/bpf/)
    }
    maps.small.set(1, 5n)
    expect(maps.small.get(1)).toBe(5n)
    expect(progs.enter.info.type).toBeGreaterThan(0)
  })

  test('is a duplicate: the library neither uses nor closes a file that takes its number', () => {
    const { maps, progs } = load()
    const link = progs.enter.attach()
    maps.small.set(1, 5n)
    for (const object of [maps.small, progs.enter, link]) {
      const { fd } = object
      closeSync(fd)
      occupy(fd)
      expect(maps.small.get(1)).toBe(5n)
      expect([progs.enter.info.name, link.info.type]).toEqual(['enter', 'raw_tracepoint'])
      expect(object.fd).not.toBe(fd)
    }
  })

  test('is closed with its map, program or link', () => {
    const before = bpfDescriptors()
    const loaded = load()
    const link = loaded.progs.enter.attach()
    using opened = BpfMap.fromId(loaded.maps.small.id)
    const fds = [link.fd, loaded.maps.small.fd, loaded.progs.enter.fd, opened.fd]
    expect(new Set(fds).size).toBe(4)
    opened.close()
    loaded.destroy()
    expect(bpfDescriptors()).toEqual(before)
  })

  test('is not closed by destroy() when its number is a file of the user', () => {
    const loaded = load()
    const link = loaded.progs.enter.attach()
    const fds = [link.fd, loaded.maps.small.fd, loaded.progs.enter.fd]
    for (const fd of fds) {
      closeSync(fd)
      occupy(fd)
    }
    loaded.destroy()
    for (const fd of fds) expect(readlinkSync(`/proc/self/fd/${fd}`)).toBe(file)
  })
})

describeInKernel("a map's own descriptor, closed by whoever found its number,", () => {
  test.each([0, 9000])(
    'makes the kernel copy no more than there is memory for, with %i other faces of it',
    async (faces) => {
      const { code, signal, stdout, stderr } = await runChild(
        file,
        `import { closeSync, readdirSync, readlinkSync } from 'node:fs'
         const { BpfMap } = runtime
         const { maps } = skel.openAndLoad()
         for (let n = 0; n < 4; n++) maps.small.set(n, BigInt(n))
         maps.stack.push(1n)
         maps.percpu.get(0)
         const held = []
         for (let n = 0; n < ${faces}; n++) {
           const face = maps.small.raw
           face.get(Uint8Array.of(1, 0, 0, 0))
           held.push(face)
         }
         const face = held.at(-1)
         for (const fd of readdirSync('/proc/self/fd')) {
           let target = ''
           try { target = readlinkSync('/proc/self/fd/' + fd) } catch {}
           if (target === 'anon_inode:bpf-map') closeSync(Number(fd))
         }
         // Each of their numbers is now a map's of larger keys and values.
         const value = new Uint8Array(8000).fill(0x41)
         const large = []
         for (let n = 0; n < 4; n++) {
           large.push(
             BpfMap.create({ type: 'hash', keySize: 8000, valueSize: 8000, maxEntries: 8 }).set(value, value),
             BpfMap.create({ type: 'stack', valueSize: 8000, maxEntries: 8 }).push(value),
             BpfMap.create({ type: 'percpu_array', valueSize: 8000, maxEntries: 8 }),
           )
         }
         const calls = {
           get: () => maps.small.get(1),
           set: () => maps.small.set(1, 7n),
           delete: () => maps.small.delete(1),
           keys: () => [...maps.small.keys()],
           entries: () => [...maps.small],
           size: () => maps.small.size,
           peek: () => maps.stack.peek(),
           pop: () => maps.stack.pop(),
           percpu: () => maps.percpu.get(1),
           ...(face && { face: () => face.get(Uint8Array.of(1, 0, 0, 0)) }),
         }
         for (const [name, call] of Object.entries(calls)) {
           try { console.log(name, call()) } catch (error) {
             console.log(name, error.constructor.name, error.message)
           }
         }
         process.reallyExit(0)`,
      )
      expect([code, signal, stderr]).toEqual([0, null, ''])
      for (const line of stdout.trim().split('\n')) {
        expect(line).toMatch(
          /BpfError cannot .*: code outside this library closed its descriptor, \d+/,
        )
      }
      expect(stdout.trim().split('\n')).toHaveLength(faces > 0 ? 10 : 9)
    },
  )
})
