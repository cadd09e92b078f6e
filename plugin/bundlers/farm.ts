import { koffiRE, packageFile, packageImportRE } from '../resolve.ts'

/**
 * The `resolveId` hook for Farm, which finds no package through a link, as pnpm makes them: it resolves this package's
 * subpaths. koffi is external.
 */
export function resolveForFarm(id: string): { id: string; external?: boolean } | undefined {
  if (koffiRE.test(id)) return { id, external: true }
  return packageImportRE.test(id) ? { id: packageFile(id) } : undefined
}
