import { nativeRE, ownFile, ownPackageRE } from '../resolve.ts'

interface ResolveIdHook {
  readonly filter: { readonly id: RegExp[] }
  handler(id: string): { id: string; external?: boolean }
}

/** Farm finds no package through a link, as pnpm makes them: this package's own subpaths are told to it. */
export const resolveForFarm: ResolveIdHook = {
  filter: { id: [nativeRE, ownPackageRE] },
  handler: (id) => (nativeRE.test(id) ? { id, external: true } : { id: ownFile(id) }),
}
