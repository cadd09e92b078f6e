import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { path, root } from '../bench.mjs'
import { inTurns, milliseconds } from '../measure.mjs'
import { atMost, row } from '../row.mjs'

/** Under `vite dev`: from a save of a program that includes vmlinux.h to the new one attached. */
export async function save(bench) {
  const folder = join(bench.folder, 'save')
  const source = join(folder, 'kernel.bpf.c')
  await mkdir(join(folder, 'node_modules'), { recursive: true })
  await symlink(root, join(folder, 'node_modules/unplugin-bpf'))
  await symlink(join(root, 'node_modules/vite'), join(folder, 'node_modules/vite'))
  const text = await readFile(path('programs/kernel.bpf.c'), 'utf8')
  await writeFile(source, text)
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'agent.js'), agent)
  await writeFile(join(folder, 'vite.config.js'), config)
  const server = spawn(process.execPath, [join(root, 'node_modules/vite/bin/vite.js')], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    let attached = await newProgram(server, new Set())
    let edits = 0
    const compile = await bench.clang()
    const { ours, clang } = await inTurns(bench.count(15, 2), async () => {
      // Vite's watcher drops a change within 50 ms of one of the same file.
      await sleep(500)
      const edited = text.replace('->tgid', '->pid').replace('return 0', `return ${edits++} * 0`)
      const ours = await milliseconds(async () => {
        await writeFile(source, edited)
        attached = await newProgram(server, attached)
      })
      return { ours, clang: await milliseconds(compile) }
    })
    const reference = { ...clang, name: 'clang, no vmlinux.h' }
    return [row('save to new program attached', 'ms', ours, reference, atMost(250, 'ms'))]
  } finally {
    const exit = once(server, 'exit')
    server.kill()
    await exit
  }
}

const agent = `
import { shutdownSignal } from 'unplugin-bpf/runtime'
import skel from './kernel.bpf.c'
const kernel = skel.openAndLoad().attach()
for await (const event of kernel.maps.events.records({ signal: shutdownSignal() })) void event
`
const config = `
import bpf from 'unplugin-bpf/vite'
export default { plugins: [bpf({ agent: 'agent.js' })], server: { host: '127.0.0.1' }, clearScreen: false }
`

/** Waits for a link of the process to a program that is none of those. @returns all that are linked then */
async function newProgram(child, known) {
  const deadline = performance.now() + 60_000
  for (;;) {
    const linked = await linkedPrograms(child.pid)
    if ([...linked].some((id) => !known.has(id))) return new Set([...known, ...linked])
    if (performance.now() > deadline || child.exitCode !== null)
      throw new Error('no program was attached')
    await sleep(2)
  }
}

async function linkedPrograms(pid) {
  const folder = `/proc/${pid}/fdinfo`
  const linked = new Set()
  for (const fd of await readdir(folder)) {
    // A descriptor may be closed meanwhile.
    const info = await readFile(join(folder, fd), 'utf8').catch(() => '')
    const id = info.includes('link_type:') && /^prog_id:\s*(\d+)/m.exec(info)?.[1]
    if (id) linked.add(id)
  }
  return linked
}
