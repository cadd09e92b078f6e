import { Module } from 'node:module'

/** Node's table of what `require()` does with a file, by extension. */
interface WithExtensions {
  readonly _extensions: Record<string, (module: unknown, file: string) => void>
}

/**
 * Makes `require()` of a `.bpf.c` fail with advice. Node without `module.registerHooks()` would parse the C as JavaScript.
 * TypeScript loaders such as tsx turn `import` into such a `require()` in a CommonJS package.
 */
export function refuseRequire(): void {
  const { _extensions } = Module as unknown as WithExtensions
  _extensions['.bpf.c'] = (_, file) => {
    throw new Error(
      `cannot require ${file}: require() of a .bpf.c needs Node 22.15 or newer, and this is ${process.version}. Import it from an ES module ("type": "module" in package.json, or a .mjs or .mts file), or bundle the agent`,
    )
  }
}
