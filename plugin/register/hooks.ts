import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'

import { hasTypeAttribute, isGeneratedImport, isSourceURL, packageURL } from '../resolve.ts'
import { buildForNode } from './build.ts'
import { codeOf } from './module-text.ts'

/** The folder of the program, whose workspace's options are used. These hooks run in a thread of their own. */
let cwd = process.cwd()

/** Takes the folder from register.ts, as `process.argv` of this thread is not the program's. */
export const initialize: InitializeHook<string> = (entryFolder) => {
  cwd = entryFolder
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!isGeneratedImport(specifier, context.parentURL)) throw error
    return next(packageURL(specifier), context)
  }
}

export const load: LoadHook = async (url, context, next) => {
  if (!isSourceURL(url) || hasTypeAttribute(context.importAttributes)) return next(url, context)
  const source = codeOf(await buildForNode(fileURLToPath(url), cwd))
  return { format: 'module', source, shortCircuit: true }
}
