import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, it } from 'vitest'

import { type RawBtf, readBtf, readBtfOf } from '../../src/btf/btf.ts'
import { dumpJson, dumpRaw } from '../../src/btf/dump-raw.ts'
import { readElf } from '../../src/elf/elf.ts'
import { fixture, objectOf } from '../elf/object-of.ts'
import { encodeBtf } from './encode-btf.ts'

const vmlinux = '/sys/kernel/btf/vmlinux'
const folder = mkdtempSync(join(tmpdir(), 'dump-raw-'))
afterAll(() => rmSync(folder, { recursive: true }))

function bpftool(...args: string[]): string {
  return execFileSync('bpftool', args, { encoding: 'utf8', maxBuffer: 1 << 28 })
}

const file = join(folder, 'types.o')
function btfOfTypes(): RawBtf | undefined {
  const object = objectOf(fixture('types.c', import.meta.url))
  writeFileSync(file, object)
  return readBtfOf(readElf(object))
}

it('prints an object as bpftool does', () => {
  const btf = btfOfTypes()
  expect(btf && dumpRaw(btf)).toBe(bpftool('btf', 'dump', 'file', file))
})

it('prints JSON of the same shape', () => {
  const btf = btfOfTypes()
  expect(btf && JSON.parse(dumpJson(btf))).toEqual(
    JSON.parse(bpftool('-j', 'btf', 'dump', 'file', file)),
  )
})

it('keeps 64-bit values exact', () => {
  const value = { name: 'HUGE', value: 0xffff_ffff_ffff_fff0n }
  const wide = { kind: 'enum64', name: 'wide', size: 8, signed: false, values: [value] } as const
  const btf = readBtf(encodeBtf([{ kind: 'void', name: '' }, wide]))
  expect(dumpRaw(btf)).toBe(
    "[1] ENUM64 'wide' encoding=UNSIGNED size=8 vlen=1\n\t'HUGE' val=18446744073709551600ULL\n",
  )
  expect(dumpJson(btf)).toContain('"val":"18446744073709551600"')
})

const noBtf = existsSync(vmlinux) ? '' : ' (skipped: this kernel has no BTF)'
it.skipIf(noBtf)(`prints this kernel's types as bpftool does${noBtf}`, () => {
  const raw = dumpRaw(readBtf(new Uint8Array(readFileSync(vmlinux))))
  expect(raw === bpftool('btf', 'dump', 'file', vmlinux)).toBe(true)
})
