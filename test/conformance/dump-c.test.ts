/**
 * Byte for byte against bpftool 7.8, which `make -C tools/bpf/bpftool` builds from the source of
 * Linux 7.3. Debian 12 has 7.1, which prints otherwise, so these run when told where the newer one is:
 *
 *     BPFTOOL=path/to/bpftool OBJECTS=folder npx vitest run test/conformance
 *
 * OBJECTS may name a folder of BPF objects (.o, .elf), which is searched whole.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { readBtf, readBtfOf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { readElf } from '../../src/elf/elf.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { fixture, objectOf } from '../elf/object-of.ts'

const VMLINUX = '/sys/kernel/btf/vmlinux'
const { BPFTOOL, OBJECTS } = process.env

const folder = mkdtempSync(join(tmpdir(), 'conformance-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** What bpftool prints, undefined when it refuses. */
function bpftool(...words: string[]): Buffer | undefined {
  try {
    return execFileSync(BPFTOOL ?? 'bpftool', words, { stdio: 'pipe', maxBuffer: 2 ** 28 })
  } catch {
    return undefined
  }
}

/** The skeleton without the object in it, which is what may differ. */
function skeleton(object: Uint8Array): string | undefined {
  const file = join(folder, 'stripped.o')
  writeFileSync(file, object)
  const header = bpftool('gen', 'skeleton', file, 'name', 'object')?.toString('latin1')
  return header?.replace(/\*sz = \d+/, '').replace(/(?<== )"\\\n(\\x|\\0)[^]*?";\n/, '')
}

function objects(): string[] {
  const name = 'types.o'
  writeFileSync(
    join(folder, name),
    objectOf(fixture('../../btf/fixtures/types.c', import.meta.url)),
  )
  const found = OBJECTS === undefined ? [] : readdirSync(OBJECTS, { recursive: true }).map(String)
  return [
    join(folder, name),
    ...found.filter((name) => /\.(o|elf)$/.test(name)).map((name) => join(OBJECTS ?? '', name)),
  ]
}

describe.skipIf(BPFTOOL === undefined)('as bpftool 7.8, named by BPFTOOL', () => {
  const orders = [
    { sort: false, words: ['unsorted'] },
    { sort: true, words: [] },
  ]
  it.skipIf(!existsSync(VMLINUX)).each(orders)('dumps the kernel, sort: $sort', (order) => {
    const dump = dumpC(readBtf(readFileSync(VMLINUX)), order)
    const wanted = bpftool('btf', 'dump', 'file', VMLINUX, 'format', 'c', ...order.words)
    expect(wanted?.equals(Buffer.from(dump))).toBe(true)
  })

  it.each(BPFTOOL === undefined ? [] : objects())('dumps and strips %s', (file) => {
    const bytes = readFileSync(file)
    const btf = readBtfOf(readElf(bytes))
    if (!btf) return expect(bpftool('btf', 'dump', 'file', file)).toBeUndefined()
    for (const { sort, words } of orders) {
      const wanted = bpftool('btf', 'dump', 'file', file, 'format', 'c', ...words)
      expect(Buffer.from(dumpC(btf, { sort })).toString('latin1')).toBe(wanted?.toString('latin1'))
    }
    expect(skeleton(stripDebug(bytes))).toBe(skeleton(bytes))
  })
})
