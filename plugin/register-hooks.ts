import type { LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

import { buildForNode } from './register-build.ts'
import { codeOf } from './register-text.ts'
import { isGeneratedImport, isSourceURL, ownURL } from './resolve.ts'

/** Hooks of `module.register()`, for Node that has no `module.registerHooks()`: in a thread of their own. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!isGeneratedImport(specifier, context.parentURL)) throw error
    return next(ownURL(specifier), context)
  }
}

export const load: LoadHook = async (url, context, next) => {
  if (!isSourceURL(url)) return next(url, context)
  const source = codeOf(await buildForNode(fileURLToPath(url)))
  return { format: 'module', source, shortCircuit: true }
}
