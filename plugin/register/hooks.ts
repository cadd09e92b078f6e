import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

import { hasOtherType, isGeneratedImport, isSourceURL, ownURL } from '../resolve.ts'
import { buildForNode } from './build.ts'
import { codeOf } from './module-text.ts'

/** Hooks of `module.register()`, for Node that has no `module.registerHooks()`: in a thread of their own. */
let cwd = process.cwd()

/** Here, `process.argv` is not the program's. */
export const initialize: InitializeHook<string> = (entryFolder) => {
  cwd = entryFolder
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!isGeneratedImport(specifier, context.parentURL)) throw error
    return next(ownURL(specifier), context)
  }
}

export const load: LoadHook = async (url, context, next) => {
  if (!isSourceURL(url) || hasOtherType(context.importAttributes)) return next(url, context)
  const source = codeOf(await buildForNode(fileURLToPath(url), cwd))
  return { format: 'module', source, shortCircuit: true }
}
