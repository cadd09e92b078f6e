import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import { execa } from 'execa'

import { cached } from '../../debian/cache.ts'
import { bpftool78 } from '../../debian/linux-tools.ts'
import type { Corpus } from './corpus.ts'
import { inParallel } from './in-parallel.ts'

/** What `bpftool gen object` makes of each object: the linker lays sections, strings and BTF out anew. */
export async function linked({ name, objects }: Corpus): Promise<Corpus> {
  const bpftool = await bpftool78()
  const origin = basename(dirname(objects[0] ?? ''))
  const folder = await cached(join('objects', `${origin}, linked`), async (output) => {
    await inParallel(objects, async (object) => {
      const words = ['gen', 'object', join(output, basename(object)), object]
      await execa('nice', [bpftool, ...words], { reject: false })
    })
  })
  const files = (await readdir(folder)).toSorted()
  const made = new Set(files)
  return {
    name: `${name}, linked`,
    objects: files.map((file) => join(folder, file)),
    lacking: objects.map((object) => basename(object)).filter((file) => !made.has(file)),
  }
}
