import { execFileSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { debianPackage } from '../../test/debian/archive.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'
import { type Architecture, debianArchitecture } from './architecture.ts'

/** A kernel of Debian's, small: for virtual machines. */
export interface Kernel {
  readonly version: string
  readonly architecture: Architecture
  readonly suite: string
  readonly image: string
  /** The package of its modules, where the image's has none. */
  readonly modules?: string
}

export const kernels: readonly Kernel[] = [
  {
    version: '6.12',
    architecture: 'arm64',
    suite: 'trixie',
    image: 'linux-image-6.12.*-cloud-arm64',
  },
  {
    version: '6.1',
    architecture: 'x64',
    suite: 'bookworm',
    image: 'linux-image-6.1.*-cloud-amd64',
  },
  {
    version: '6.12',
    architecture: 'x64',
    suite: 'trixie',
    image: 'linux-image-6.12.*-cloud-amd64',
  },
  {
    version: '7.3',
    architecture: 'x64',
    suite: 'trixie-backports',
    // Its linux-image is empty.
    image: 'linux-binary-7.3.*-cloud-amd64',
    modules: 'linux-modules-7.3.*-cloud-amd64',
  },
]

/** The kernel's image, fetched when it is not there. Throws Unavailable. */
export async function kernelImage(kernel: Kernel): Promise<string> {
  const folder = await unpacked(kernel, kernel.image)
  const files = await readdir(folder, { recursive: true })
  const found = files.find((path) => /(^|\/)vmlinuz[^/]*$/.test(path))
  if (found === undefined) throw new Unavailable(`Debian's ${kernel.image} holds no vmlinuz`)
  return join(folder, found)
}

/** What Debian builds as modules of what the scenarios take: the discipline and the classifier of tc. */
const wanted = ['sch_ingress', 'cls_bpf']

/** Unpacked modules by their names, fetched when they are not there. Throws Unavailable. */
export async function kernelModules(kernel: Kernel): Promise<Map<string, Buffer>> {
  const { image, modules = image } = kernel
  const folder = await unpacked(kernel, modules)
  const files = await readdir(folder, { recursive: true })
  const found = new Map<string, Buffer>()
  for (const name of wanted) {
    const file = files.find((path) => new RegExp(`/${name}\\.ko(\\.xz)?$`).test(path))
    if (file === undefined) throw new Unavailable(`Debian's package ${modules} holds no ${name}.ko`)
    const packed = await readFile(join(folder, file))
    found.set(name, file.endsWith('.xz') ? unpack(packed) : packed)
  }
  return found
}

function unpacked({ suite, architecture }: Kernel, name: string): Promise<string> {
  return debianPackage({ suite, architecture: debianArchitecture(architecture) }, name)
}

function unpack(input: Buffer): Buffer {
  return execFileSync('xz', ['-dc'], { input, maxBuffer: 1 << 26 })
}
