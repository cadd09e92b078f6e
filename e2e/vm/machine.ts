import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Unavailable } from '../../test/debian/unavailable.ts'
import { type Architecture, machines } from './architecture.ts'

/** Megabytes: the root file system, Node, and room for verifier logs. */
const MEMORY = 3072

/** Minutes a machine without a processor of its own may take, next to other work. */
export const PATIENCE = 15

export interface Run {
  /** What the guest's program wrote. */
  readonly output: string
  /** The kernel's own messages. */
  readonly console: string
}

/**
 * Boots a kernel on a root file system and waits until the guest turns itself off. The processor is emulated, so that
 * it needs no /dev/kvm and behaves the same everywhere; its two CPUs take turns, since kernels that patch their own code
 * crash at times when qemu runs them at once. Throws Unavailable without qemu.
 */
export async function boot(
  architecture: Architecture,
  image: string,
  root: Uint8Array,
): Promise<Run> {
  const { qemu, board, console, output, port } = machines[architecture]
  if (spawnSync(qemu, ['--version']).error) throw new Unavailable(`there is no ${qemu}`)
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-vm-'))
  const path = (name: string): string => join(folder, name)
  try {
    writeFileSync(path('root'), root)
    const words =
      `-M ${board} -accel tcg,thread=single -cpu max -smp 2 -m ${MEMORY} -display none -no-reboot ` +
      `-serial file:${path('console')} -kernel ${image} -initrd ${path('root')} -append`
    // What the kernel does not know is in the environment of its first process.
    const append = `console=${console} panic=-1 lsm=bpf output=/dev/${output}`
    await run(qemu, path('errors'), [...words.split(' '), append, ...port(path('output'))])
    return {
      output: readFileSync(path('output'), 'utf8'),
      console: readFileSync(path('console'), 'utf8'),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(qemu: string, errors: string, words: readonly string[]): Promise<void> {
  const stderr = openSync(errors, 'w')
  const machine = spawn('nice', ['-n', '5', qemu, ...words], {
    stdio: ['ignore', 'ignore', stderr],
    timeout: PATIENCE * 60_000,
  })
  closeSync(stderr)
  // Never outlives the tests.
  const kill = (): unknown => machine.kill('SIGKILL')
  process.once('exit', kill)
  const ended = await new Promise((resolve, reject) => {
    machine.on('error', reject)
    machine.on('close', (code, signal) => resolve(code ?? signal))
  })
  process.off('exit', kill)
  if (ended !== 0)
    throw new Error(`qemu ended by ${String(ended)}: ${readFileSync(errors, 'utf8')}`)
}
