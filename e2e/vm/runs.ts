import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { Run } from './guest/scenario.ts'
import { initramfs } from './initramfs.ts'
import type { Kernel } from './kernels.ts'
import { kernelImage, kernelModules } from './kernels.ts'
import { boot } from './machine.ts'

const packages = fileURLToPath(new URL('../../node_modules', import.meta.url))

export interface Wanted {
  /** A bundle. */
  readonly program: string
  /** Paths of shared libraries: it runs once with each. */
  readonly libbpfs: readonly string[]
  /** A program to probe, if there is one. */
  readonly probed: string | undefined
}

/**
 * Boots a kernel and runs a bundled program in it, once with each of these libbpfs. Throws Unavailable.
 */
export async function runInKernel(
  kernel: Kernel,
  { program, libbpfs, probed }: Wanted,
): Promise<Run[]> {
  const { architecture } = kernel
  const image = await kernelImage(kernel)
  const modules = [...(await kernelModules(kernel))]
  const places = libbpfs.map((path, index) => [`/libbpf/${index}.so`, path] as const)
  const probing = probed ? 'PROBED=/probed ' : ''
  const lines = places.map(
    ([place]) => `MACHINE=own ${probing}BPF_LIBBPF=${place} node /main.mjs 2>&1
`,
  )
  const root = await initramfs(architecture, {
    '/run.sh': Buffer.from(lines.join('')),
    '/main.mjs': program,
    ...Object.fromEntries(places),
    ...Object.fromEntries(modules.map(([name, bytes]) => [`/modules/${name}.ko`, bytes])),
    ...(probed && { '/probed': probed }),
  })
  const { output, console } = await boot(architecture, image, root)
  return readRuns(output, libbpfs.length, console)
}

/** The same in this machine's own kernel, in namespaces of its own. */
export function runHere({ program, libbpfs, probed }: Wanted): Run[] {
  const script = 'ip link set lo up && exec "$0" "$1"'
  return libbpfs.flatMap((libbpf) => {
    const env = {
      ...process.env,
      BPF_LIBBPF: libbpf,
      NODE_PATH: packages,
      NODE_OPTIONS: '',
      PROBED: probed,
    }
    const words = ['--net', 'sh', '-c', script, process.execPath, program]
    const { stdout, stderr } = spawnSync('unshare', words, { env, encoding: 'utf8' })
    return readRuns(stdout, 1, stderr)
  })
}

function readRuns(output: string, count: number, console: string): Run[] {
  const lines = output.split('\n').filter((line) => line.startsWith('{'))
  if (lines.length === count) return lines.map((line): Run => JSON.parse(line))
  throw new Error(`the guest did not end:\n${output.slice(-4000)}\n${console.slice(-4000)}`)
}
