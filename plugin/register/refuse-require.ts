import { Module } from 'node:module'

/** Node's table of what `require()` does with a file, by the end of its name. */
interface WithExtensions {
  readonly _extensions: Record<string, (module: unknown, file: string) => void>
}

/**
 * Has `require()` of a `.bpf.c`, which Node without `module.registerHooks()` would parse as JavaScript, say what to do.
 * CommonJS that TypeScript loaders such as tsx make of `import` is meant too.
 */
export function refuseRequire(): void {
  const { _extensions } = Module as unknown as WithExtensions
  _extensions['.bpf.c'] = (_, file) => {
    throw new Error(
      `cannot require ${file}: unplugin-bpf/register compiles for require() on Node 22.15 and newer, and this is ${process.version}. Import it from an ES module ("type": "module" in package.json, or a file .mjs or .mts), or bundle the agent`,
    )
  }
}
