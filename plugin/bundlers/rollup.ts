import { dirname } from 'node:path'

import type { Builds } from '../builds.ts'
import { isDeclarationFile, nativeRE, ownFile, ownPackageRE, sourceRE } from '../resolve.ts'

type Resolved = { readonly id: string }

interface ResolveIdHook {
  readonly filter: { readonly id: RegExp[] }
  handler(
    this: { resolve(id: string, importer?: string, options?: object): Promise<Resolved | null> },
    id: string,
    importer: string | undefined,
    options: object,
  ): Promise<{ id: string; external?: boolean } | null>
}

/**
 * For Rollup, Rolldown and Vite: koffi stays outside, and this package's subpaths are found also where
 * the importer's folder does not have them. Declarations that are bundled import those of a `.bpf.c`.
 */
export const resolveOwn: ResolveIdHook = {
  filter: { id: [nativeRE, ownPackageRE, sourceRE] },
  async handler(id, importer, options) {
    if (nativeRE.test(id)) return { id, external: true }
    if (sourceRE.test(id)) {
      if (importer === undefined || !isDeclarationFile(importer)) return null
      const found = await this.resolve(id, importer, { ...options, skipSelf: true })
      return found && { id: `${found.id}.d.ts` }
    }
    // Rollup before 4.38 knows no filter.
    if (!ownPackageRE.test(id)) return null
    return (await this.resolve(id, importer, { ...options, skipSelf: true })) ?? { id: ownFile(id) }
  },
}

interface Output {
  readonly dir?: string | undefined
  readonly file?: string | undefined
}

/** `writeBundle` of these: with the option `native: 'copy'`, koffi beside the bundle. */
export const writeKoffi = (builds: Builds) =>
  async function (
    this: { warn(message: string): void },
    { dir, file = '' }: Output,
  ): Promise<void> {
    for (const warning of await builds.putKoffi(dir ?? dirname(file))) this.warn(warning)
  }
