import type { LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

import { buildModule } from '../src/codegen/skeleton-module.ts'
import { formatDiagnostic } from '../src/compile/diagnostics.ts'
import { ownPackageRE, ownURL } from './resolve.ts'

const sourceRE = /\.bpf\.c(?:\?.*)?$/

/** A generated module's imports: its source may lie in a folder that does not see this package. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    const isGenerated = context.parentURL !== undefined && sourceRE.test(context.parentURL)
    if (!isGenerated || !ownPackageRE.test(specifier)) throw error
    return next(ownURL(specifier), context)
  }
}

export const load: LoadHook = async (url, context, next) => {
  if (!url.startsWith('file:') || !sourceRE.test(url)) return next(url, context)
  const { code, diagnostics } = await buildModule(fileURLToPath(url), {})
  const text = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n')
  if (code === undefined) throw new SyntaxError(text)
  if (text !== '') process.stderr.write(`${text}\n`)
  return { format: 'module', source: code, shortCircuit: true }
}
