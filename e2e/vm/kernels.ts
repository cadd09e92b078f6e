import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { debianPackage } from '../../test/debian/archive.ts'
import { Unavailable } from '../../test/debian/unavailable.ts'

/** A kernel of Debian's, small: for virtual machines. */
export interface Kernel {
  readonly version: string
  readonly suite: string
  readonly image: string
}

export const kernels: readonly Kernel[] = [
  { version: '6.1', suite: 'bookworm', image: 'linux-image-6.1.*-cloud-amd64' },
  { version: '6.12', suite: 'trixie', image: 'linux-image-6.12.*-cloud-amd64' },
  {
    version: '7.3',
    suite: 'trixie-backports',
    // Its linux-image is empty.
    image: 'linux-binary-7.3.*-cloud-amd64',
  },
]

/** The kernel's compressed image, fetched when it is not there. Throws Unavailable. */
export async function kernelImage({ suite, image }: Kernel): Promise<string> {
  const folder = await debianPackage(suite, image)
  const files = await readdir(folder, { recursive: true })
  const found = files.find((path) => /(^|\/)vmlinuz[^/]*$/.test(path))
  if (found === undefined) throw new Unavailable(`Debian's package ${image} holds no vmlinuz`)
  return join(folder, found)
}
