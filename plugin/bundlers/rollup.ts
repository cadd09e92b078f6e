import { dirname } from 'node:path'

import type { Builds } from '../builds.ts'
import { isDeclarationFile, koffiRE, packageFile, packageImportRE, sourceRE } from '../resolve.ts'

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
 * The `resolveId` hook for Rollup, Rolldown and Vite: koffi is external, this package's subpaths are found where the
 * importer's folder cannot see them, and bundled declarations import the declarations of a `.bpf.c`.
 */
export const resolvePackage: ResolveIdHook = {
  filter: { id: [koffiRE, packageImportRE, sourceRE] },
  async handler(id, importer, options) {
    if (koffiRE.test(id)) return { id, external: true }
    if (sourceRE.test(id)) {
      if (importer === undefined || !isDeclarationFile(importer)) return null
      const found = await this.resolve(id, importer, { ...options, skipSelf: true })
      return found && { id: `${found.id}.d.ts` }
    }
    // Rollup before 4.38 knows no filter.
    if (!packageImportRE.test(id)) return null
    return (
      (await this.resolve(id, importer, { ...options, skipSelf: true })) ?? { id: packageFile(id) }
    )
  },
}

interface Output {
  readonly dir?: string | undefined
  readonly file?: string | undefined
}

/** Makes the `writeBundle` hook of these bundlers, which copies koffi beside the bundle for the option `native: 'copy'`. */
export const koffiCopier = (builds: Builds) =>
  async function (
    this: { warn(message: string): void },
    { dir, file = '' }: Output,
  ): Promise<void> {
    for (const warning of await builds.copyKoffiInto(dir ?? dirname(file))) this.warn(warning)
  }
