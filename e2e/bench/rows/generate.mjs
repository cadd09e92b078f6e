import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { cHeader, javascript, objectName, readObject, skeletonModel } from 'unplugin-bpf/codegen'

import { cli, findBpftool, run } from '../bench.mjs'
import { inTurns, milliseconds } from '../measure.mjs'
import { absent, row, times } from '../row.mjs'

const vmlinux = '/sys/kernel/btf/vmlinux'

/** Skeletons from an object, in process; vmlinux.h, the whole process. */
export async function generate(bench) {
  const bpftool = await findBpftool()
  const rows = []
  for (const name of ['bench', 'kernel']) {
    rows.push(...(await skeletons(bench, bpftool, name)))
  }
  return [
    ...rows,
    await header('gen vmlinux, whole process', bench, bpftool, [], ['unsorted']),
    await header('gen vmlinux --sort, whole process', bench, bpftool, ['--sort'], []),
  ]
}

async function skeletons(bench, bpftool, name) {
  const file = bench.objects[name]
  const bytes = new Uint8Array(await readFile(file))
  const print = {
    js: (bpf) => javascript(skeletonModel(bpf), bytes),
    c: (bpf) => cHeader(bpf, bytes),
  }
  const rows = []
  for (const lang of ['js', 'c']) {
    const once = () => print[lang](readObject(bytes, { name: objectName(file) }))
    for (let warm = 0; warm < 20; warm++) once()
    const figures = await inTurns(bench.count(21, 3), async () => ({
      ours: await milliseconds(once),
      bpftool:
        bpftool && (await milliseconds(() => run(bpftool.command, ['gen', 'skeleton', file]))),
    }))
    rows.push(compared(`gen skeleton --lang ${lang}, ${name}.bpf.o`, figures, bpftool, times(1)))
  }
  return rows
}

/** Both write the same declarations, in the same order, into a file. */
async function header(what, bench, bpftool, flags, order) {
  const out = join(bench.folder, 'vmlinux.h')
  const words = [cli, 'gen', 'vmlinux', '-o', out, ...flags]
  const dump = ['btf', 'dump', 'file', vmlinux, 'format', 'c', ...order]
  const figures = await inTurns(bench.count(9, 1), async () => ({
    ours: await milliseconds(() => run(process.execPath, words)),
    bpftool:
      bpftool && (await milliseconds(() => run('sh', [...INTO, out, bpftool.command, ...dump]))),
  }))
  return compared(what, figures, bpftool, times(2))
}

/** A shell's words for: the output of what follows goes into this file. */
const INTO = ['-c', 'exec "$@" >"$0"']

function compared(what, { ours, bpftool: reference }, bpftool, target) {
  if (!reference) return absent(what, 'ms', ours, 'bpftool is not installed')
  return row(what, 'ms', ours, { ...reference, name: bpftool.version }, target)
}
