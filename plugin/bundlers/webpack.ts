import type { Builds } from '../builds.ts'
import { pluginName } from '../report.ts'
import { ownKoffi } from '../resolve.ts'

interface Compilation {
  readonly outputOptions: { path?: string | undefined }
  readonly warnings: { push(warning: Error): unknown }
}

/** What webpack and Rspack have in common, as far as it is used here. */
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
 * koffi stays outside, as the runtime's own `require` of it: these bundlers follow one that is made by
 * createRequire. With the option `native: 'copy'` it comes to lie beside the bundle.
 */
export function keepKoffiOutside(compiler: Compiler, builds: Builds): void {
  const { externals = [] } = compiler.options
  const own = Object.fromEntries(['koffi', ownKoffi].map((name) => [name, `node-commonjs ${name}`]))
  compiler.options.externals = [own, ...(Array.isArray(externals) ? externals : [externals])]
  compiler.hooks.afterEmit.tapPromise(pluginName, async ({ outputOptions: { path }, warnings }) => {
    if (!path || compiler.platform.web === true) return
    for (const warning of await builds.putKoffi(path)) warnings.push(new Error(warning))
  })
}

/**
 * unplugin's rule gives every import of a source to us, and calls the result JavaScript: one with an attribute, as in
 * `with { type: 'text' }`, is for the bundler's own rules.
 */
export function leaveOtherTypes({ options }: Compiler): void {
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
