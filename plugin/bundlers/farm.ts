import { nativeRE, ownFile, ownPackageRE } from '../resolve.ts'

/**
 * `resolveId` for Farm, which finds no package through a link, as pnpm makes them: this package's own subpaths are told
 * to it. koffi stays outside.
 */
export function resolveForFarm(id: string): { id: string; external?: boolean } | undefined {
  if (nativeRE.test(id)) return { id, external: true }
  return ownPackageRE.test(id) ? { id: ownFile(id) } : undefined
}
