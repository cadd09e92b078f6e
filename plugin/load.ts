import type { UnpluginBuildContext, UnpluginContext, UnpluginContextMeta } from 'unplugin'
import type { Environment } from 'vite'

import type { Builds } from './builds.ts'
import { checkFileAccess } from './dev/file-access.ts'
import { at, forBrowser } from './platform.ts'
import { diagnosticLog, failureText, rollupLog } from './report.ts'
import { isDeclarationFile } from './resolve.ts'

/** The `load` hook for every bundler but esbuild (bundlers/esbuild.ts). */
export async function load(
  context: UnpluginBuildContext & UnpluginContext,
  meta: UnpluginContextMeta,
  builds: Builds,
  id: string,
): Promise<string | undefined> {
  if (isImportedWithType(context, id)) return undefined
  const source = isDeclarationFile(id) ? id.replace(/\.d\.ts$/, '') : id
  if (meta.framework === 'vite' && 'environment' in context)
    await checkFileAccess(context.environment as Environment, source)
  const outcome = await builds.build(source)
  // Before any error is thrown: a source that failed is built again when a header it read changes.
  for (const file of outcome.watchFiles) watch(context, source, file)
  if (outcome.kind !== 'failed') {
    for (const warning of outcome.warnings) context.warn(diagnosticLog(warning))
  }
  if (outcome.kind === 'built') {
    if (builds.copiesKoffi && withoutKoffiCopy.has(meta.framework)) {
      context.warn(
        `the option native: 'copy' has no effect: ${meta.framework} does not tell plugins where it writes the bundle. Copy node_modules/koffi and node_modules/@koromix beside the bundle`,
      )
    }
    const { code, browserCode, declarations } = outcome.module
    if (isDeclarationFile(id)) {
      if (declarations) return declarations.content.replace(/\n\/\/# sourceMappingURL=.*\n$/, '\n')
      throw new Error(`${source} has no declarations to bundle: set the option types to true`)
    }
    return forBrowser(context, meta) ? browserCode : code
  }

  switch (meta.framework) {
    case 'vite':
    case 'rollup':
    case 'rolldown':
      // Throws.
      context.error(rollupLog(outcome))
      break
    case 'farm':
      // `this.error` panics Farm's Rust side, whatever it is given.
      throw new Error(failureText(outcome))
    default:
      // These bundlers record the error without its location and go on: without a module they would try to parse the C.
      context.error(failureText(outcome))
  }
  return 'export default undefined'
}

/** The bundlers for which koffi is not copied. */
const withoutKoffiCopy: ReadonlySet<string> = new Set(['farm', 'bun', 'unloader'])

function watch(context: UnpluginBuildContext, source: string, file: string): void {
  const native = context.getNativeBuildContext?.()
  // unplugin 3.7 passes the two arguments to Farm in the wrong order.
  if (native?.framework === 'farm') native.context.addWatchFile(source, file)
  else context.addWatchFile(file)
}

/**
 * Whether an import with an attribute, as in `with { type: 'text' }`, asks for what the bundler makes of any file. Only
 * Rollup tells a plugin: webpack and Rspack have rules for it (bundlers/webpack.ts), and of Rolldown and Vite one can only
 * warn (bundlers/import-attributes.ts).
 */
function isImportedWithType(
  context: UnpluginBuildContext & UnpluginContext,
  source: string,
): boolean {
  const { getModuleInfo } = context as { getModuleInfo?: (id: string) => unknown }
  const info: unknown = getModuleInfo?.call(context, source)
  // What a dev server of Vite's gives has few properties, and throws when another is read (vite: getModuleInfo).
  const isTold = typeof info === 'object' && info !== null && 'attributes' in info
  return isTold && at(info.attributes, 'type') !== undefined
}
