/** `btf dump --format c` and `gen vmlinux` give bpftool's declarations byte for byte, in both of its orders. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { readBtf, readBtfOf, type Btf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { readElf } from '../../src/elf/elf.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { firstDifference } from './first-difference.ts'
import { bpftool } from './oracle.ts'

const VMLINUX = '/sys/kernel/btf/vmlinux'

conforms(
  'btf dump --format c',
  each(async (path) => compare(path, readBtfOf(readElf(await readFile(path))))),
)

it.skipIf(!existsSync(VMLINUX))('gen vmlinux', { timeout: 600_000 }, async () => {
  expect(await compare(VMLINUX, readBtf(await readFile(VMLINUX)))).toBe('equal')
})

async function compare(path: string, btf: Btf | undefined): Promise<Verdict> {
  for (const sort of [false, true]) {
    const words = sort ? [] : ['unsorted']
    const { text, error } = await bpftool('btf', 'dump', 'file', path, 'format', 'c', ...words)
    if (!btf && text === undefined) return 'refused'
    if (!btf) return { difference: 'it is thought to have no BTF' }
    if (text === undefined) return { difference: `bpftool refuses it: ${error}` }
    const ours = Buffer.from(dumpC(btf, { sort })).toString('latin1')
    const difference = firstDifference(text.split('\n'), ours.split('\n'))
    if (difference !== undefined) {
      return { difference: `${sort ? 'sorted' : 'unsorted'}: ${difference}` }
    }
  }
  return 'equal'
}
