/** `btf dump --format c` and `gen vmlinux` give bpftool's declarations byte for byte, in both of its orders. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { readBtf, readBtfOf, type RawBtf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { readElf } from '../../src/elf/elf.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { firstDifference } from './first-difference.ts'
import { asOlder } from './older-bpftool.ts'
import { bpftool, oracle } from './oracle.ts'

const ORDERS = [
  { sort: false, words: ['unsorted'] },
  { sort: true, words: [] },
]
/** Before 7.5 it knew one. */
const OLDER_ORDERS = [{ sort: false, words: [] }]

const VMLINUX = '/sys/kernel/btf/vmlinux'

conforms(
  'btf dump --format c',
  each(async (path) => compare(path, readBtfOf(readElf(await readFile(path))))),
)

it.skipIf(!existsSync(VMLINUX))('gen vmlinux', { timeout: 600_000 }, async () => {
  expect(await compare(VMLINUX, readBtf(await readFile(VMLINUX)))).toBe('equal')
})

async function compare(path: string, btf: RawBtf | undefined): Promise<Verdict> {
  const { isOlder } = await oracle()
  for (const { sort, words } of isOlder ? OLDER_ORDERS : ORDERS) {
    const { text, error } = await bpftool('btf', 'dump', 'file', path, 'format', 'c', ...words)
    if (!btf && text === undefined) return 'refused'
    if (!btf) return { difference: 'it is thought to have no BTF' }
    if (text === undefined) return { difference: `bpftool refuses it: ${error}` }
    const ours = Buffer.from(dumpC(btf, { sort })).toString('latin1')
    const [wanted, got] = isOlder ? [text, ours].map(asOlder) : [text, ours]
    const difference = firstDifference(wanted?.split('\n') ?? [], got?.split('\n') ?? [])
    if (difference !== undefined) {
      return { difference: `${sort ? 'sorted' : 'unsorted'}: ${difference}` }
    }
  }
  return 'equal'
}
