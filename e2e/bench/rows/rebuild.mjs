import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { buildSkeleton } from 'unplugin-bpf/codegen'

import { cli, path, run } from '../bench.mjs'
import { inTurns, milliseconds } from '../measure.mjs'
import { row, times } from '../row.mjs'

/**
 * Skeletons of an edited program that includes vmlinux.h, in a process that has built it before, beside clang alone
 * over the same source: with -g -O2, and with the flags that describe all types and macros of a program.
 */
export async function rebuild(bench) {
  const folder = join(bench.folder, 'rebuild')
  const cache = join(folder, 'cache')
  const header = join(folder, 'include')
  await mkdir(header, { recursive: true })
  await run(process.execPath, [cli, 'gen', 'vmlinux', '-o', join(header, 'vmlinux.h')])
  const ofKernel = await readFile(path('programs/kernel.bpf.c'), 'utf8')
  const ofNone = ofKernel
    .replace('struct task_struct *task', 'void *task')
    .replaceAll(/BPF_CORE_READ\(.*?\)/g, 'bpf_get_current_pid_tgid()')
  return [
    ...(await rows('a program of kernel structs', ofKernel)),
    ...(await rows('one of its own alone', ofNone)),
  ]

  async function rows(what, text) {
    const source = join(folder, `${what.replaceAll(' ', '-')}.bpf.c`)
    let edits = 0
    const edit = () => writeFile(source, text.replace('return 0', `return ${edits++} * 0`))
    const build = async () => {
      const { object, diagnostics } = await buildSkeleton(source, { cache })
      if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    }
    const flags = [`-D__TARGET_ARCH_${arches[process.arch]}`, '-idirafter', header]
    const clang = await bench.clang(source, flags)
    const clangOfAll = await bench.clang(source, [...flags, ...allDebug])
    const before = await madeShortcuts(cache)
    for (let first = 0; first < 2; first++) {
      await edit()
      await build()
    }
    const deadline = performance.now() + 30_000
    while ((await madeShortcuts(cache)) === before) {
      if (performance.now() > deadline) throw new Error('no header was minimised')
      await sleep(50)
    }
    await sleep(200)
    const { ours, ...references } = await inTurns(bench.count(15, 2), async () => {
      await edit()
      return {
        ours: await milliseconds(build),
        'clang alone': await milliseconds(clang),
        'clang alone, our -g': await milliseconds(clangOfAll),
      }
    })
    return Object.values(references).map((reference, index) =>
      row(
        index === 0 ? `rebuild, ${what}` : 'the same',
        'ms',
        ours,
        reference,
        index === 0 ? undefined : times(0.15),
      ),
    )
  }
}

/** What the plugin's compiles add to -g. */
const allDebug = ['-fno-eliminate-unused-debug-types', '-fdebug-macro', '-fdebug-compilation-dir=.']

/** bpf_tracing.h's names. */
const arches = { x64: 'x86', arm64: 'arm64' }

async function madeShortcuts(cache) {
  const files = await readdir(join(cache, 'minimised')).catch(() => [])
  return files.filter((file) => file.endsWith('.sum')).length
}
