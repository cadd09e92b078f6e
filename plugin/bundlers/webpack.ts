import type { Builds } from '../builds.ts'
import { pluginName } from '../report.ts'
import { koffiExport } from '../resolve.ts'

interface Compilation {
  readonly outputOptions: { path?: string | undefined }
  readonly warnings: { push(warning: Error): unknown }
}

/** The part of the compiler that is used here and that webpack and Rspack have in common. */
interface Compiler {
  readonly options: { externals?: unknown; readonly module: { readonly rules: unknown[] } }
  readonly platform: { readonly web?: boolean | null | undefined }
  readonly hooks: {
    readonly afterEmit: {
      tapPromise(name: string, call: (compilation: Compilation) => Promise<void>): void
    }
  }
}

/**
 * Makes koffi external, as these bundlers follow the runtime's `require` of it, which createRequire makes. Copies it beside
 * the bundle for the option `native: 'copy'`.
 */
export function externaliseKoffi(compiler: Compiler, builds: Builds): void {
  const { externals = [] } = compiler.options
  const koffi = Object.fromEntries(
    ['koffi', koffiExport].map((name) => [name, `node-commonjs ${name}`]),
  )
  compiler.options.externals = [koffi, ...(Array.isArray(externals) ? externals : [externals])]
  compiler.hooks.afterEmit.tapPromise(pluginName, async ({ outputOptions: { path }, warnings }) => {
    if (!path || compiler.platform.web === true) return
    for (const warning of await builds.copyKoffiInto(path)) warnings.push(new Error(warning))
  })
}

/**
 * Excludes imports with a type, as in `with { type: 'text' }`, from unplugin's rule, which would turn every import of a source
 * into the skeleton: they are left to the bundler's own rules.
 */
export function excludeTypedImports({ options }: Compiler): void {
  for (const rule of options.module.rules) {
    const { use, type } = (rule ?? {}) as { use?: unknown; type?: unknown }
    const [first] = Array.isArray(use) ? (use as UnpluginUse[]) : []
    if (type !== undefined && first?.options?.plugin?.name === pluginName) {
      Object.assign(rule as object, { with: { type: { not: /./ } } })
    }
  }
}

interface UnpluginUse {
  readonly options?: { readonly plugin?: { readonly name?: unknown } }
}
