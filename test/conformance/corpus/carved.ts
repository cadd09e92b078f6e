import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { readElf } from '../../../src/elf/elf.ts'
import { FormatError } from '../../../src/elf/format-error.ts'
import { EM_BPF, ET_REL } from '../../../src/uapi/elf.ts'
import { debianPackage } from '../../debian/archive.ts'
import { cached } from '../../debian/cache.ts'
import type { Corpus } from './corpus.ts'

/** The first bytes of a 64-bit ELF file of either byte order. */
const MAGICS = [1, 2].map((order) => Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, order, 1]))

/** The BPF objects of a package of Debian's: files of their own, and those that its programs embed. */
export async function carved({ suite, name }: { suite: string; name: string }): Promise<Corpus> {
  const folder = await cached(join('objects', `${name} of ${suite}`), async (output) => {
    const unpacked = await debianPackage({ suite }, name)
    const entries = await readdir(unpacked, { recursive: true, withFileTypes: true })
    // By content: a library and the programs that link it embed the same.
    const objects = new Map<string, { stem: string; bytes: Uint8Array }>()
    for (const entry of entries.filter((entry) => entry.isFile())) {
      const stem = entry.name.replace(/(\.bpf)?\.(o|elf)$/u, '')
      for (const bytes of bpfObjectsIn(await readFile(join(entry.parentPath, entry.name)))) {
        objects.set(createHash('sha256').update(bytes).digest('hex'), { stem, bytes })
      }
    }
    for (const [hash, { stem, bytes }] of objects) {
      await writeFile(join(output, `${stem}-${hash.slice(0, 4)}.o`), bytes)
    }
  })
  const files = (await readdir(folder)).toSorted()
  return {
    name: `objects of ${name}`,
    objects: files.map((file) => join(folder, file)),
    lacking: [],
  }
}

function bpfObjectsIn(bytes: Buffer): Uint8Array[] {
  const objects: Uint8Array[] = []
  for (const magic of MAGICS) {
    for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
      const object = bpfObjectAt(bytes.subarray(at))
      if (object) objects.push(object)
    }
  }
  return objects
}

/** Up to the end of what its headers speak of; undefined where something else starts like an ELF file. */
function bpfObjectAt(bytes: Buffer): Uint8Array | undefined {
  try {
    const { machine, type, sections, littleEndian } = readElf(bytes)
    if (machine !== EM_BPF || type !== ET_REL) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const table = Number(view.getBigUint64(40, littleEndian)) + sections.length * 64
    const ends = sections.map(({ offset, data }) => offset + data.length)
    return bytes.subarray(0, Math.max(table, ...ends))
  } catch (error) {
    if (error instanceof FormatError) return undefined
    throw error
  }
}
