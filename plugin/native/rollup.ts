import { nativeRE, ownFile, ownPackageRE } from '../resolve.ts'

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
 * the importer's folder does not have them.
 */
export const resolveOwn: ResolveIdHook = {
  filter: { id: [nativeRE, ownPackageRE] },
  async handler(id, importer, options) {
    if (nativeRE.test(id)) return { id, external: true }
    // Rollup before 4.38 knows no filter.
    if (!ownPackageRE.test(id)) return null
    return (await this.resolve(id, importer, { ...options, skipSelf: true })) ?? { id: ownFile(id) }
  },
}
