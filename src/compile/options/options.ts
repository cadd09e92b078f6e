import { dirname, isAbsolute, join, resolve } from 'node:path'

import { trustedCacheFolder } from '../cache/ownership.ts'
import { type Arch, nativeArch } from './arch.ts'
import { absolutePaths } from './flag-paths.ts'
import { packageOptions } from './package-options.ts'
import { splitWords } from './shell-split.ts'
import { validateOptions } from './validate-options.ts'
import { nearestPackage } from './workspace.ts'

// #region options
/**
 * What every entry point understands: plugin, command, `register`, Vitest. Defaults come from the key `"unplugin-bpf"` of
 * the package.json nearest to the source, if it is part of the workspace; its paths are relative to that file. What is
 * given beside adds to its lists `cflags`, `include` and `defines`, and overrides the rest.
 */
export interface Options {
  /** The compiler: a path or a name on PATH. Default: `BPF_CLANG`, then clang, clang-21 … clang-14. */
  clang?: string | undefined
  /** More flags for clang, after our defaults (`-O2 -mcpu=v3`), so that they win. `BPF_CFLAGS` is appended. */
  cflags?: readonly string[] | undefined
  /** Folders searched for headers; `[arch]` in a path stands for the architecture compiled for. */
  include?: readonly string[] | undefined
  /** Macros: `{ DEBUG: true, MAX: 4 }` is `-DDEBUG -DMAX=4`; false and undefined leave one out. */
  defines?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /**
   * Architectures to compile for, one object each; the first gives the types. The agent opens its machine's, and
   * refuses others. Default: this machine's, for an agent that any machine may open.
   */
  arch?: Arch | readonly Arch[] | undefined
  /**
   * Where `vmlinux.h` comes from when no include path has one: `'auto'`, this kernel; a header; raw BTF. `[arch]`
   * in a path stands for the architecture compiled for.
   */
  vmlinux?: string | undefined
  /** Declarations: `true` in `.bpf/types` beside the nearest tsconfig.json, or where `dir` says. */
  types?: boolean | { dir?: string | undefined } | undefined
  /**
   * Compile cache: a folder, or whether to have one. Default: `node_modules/.cache/unplugin-bpf`; where another user owns
   * that, `~/.cache/unplugin-bpf`.
   */
  cache?: boolean | string | undefined
  /** Vite: the server module that `vite dev` runs and `vite build` bundles. */
  agent?: string | undefined
  /** koffi's native part: left to node_modules, or copied beside the bundle. */
  native?: 'external' | 'copy' | undefined
  /** Load each object into this kernel while bundling; what the verifier rejects is an error. */
  verify?: boolean | undefined
  /** The oldest kernel that the agent must run on, such as `'5.15'`: uses of newer features are warned of. */
  minKernel?: string | undefined
  /** What relative paths above are relative to. Default: the working directory. */
  cwd?: string | undefined
}
// #endregion options

export interface ResolvedOptions {
  readonly clang: string | undefined
  readonly cflags: readonly string[]
  /** Absolute paths. */
  readonly include: readonly string[]
  readonly defines: Readonly<Record<string, string | number | boolean | undefined>>
  readonly arch: readonly [Arch, ...Arch[]]
  /** Whether `arch` was given: the objects are then for those machines alone. */
  readonly archIsGiven: boolean
  /** `'auto'` or an absolute path. */
  readonly vmlinux: string
  readonly types: false | { readonly dir: string | undefined }
  /** An absolute path; false for no compile cache. */
  readonly cache: string | false
  /** The absolute path of the folder for generated and precompiled headers, used whether or not compiles are cached. */
  readonly cacheDir: string
  readonly agent: string | undefined
  readonly native: 'external' | 'copy'
  readonly verify: boolean
  readonly minKernel: string | undefined
  readonly cwd: string
  /** The folder of the nearest package.json, or `cwd`. */
  readonly root: string
}

const resolved = new WeakSet<object>()

/** Whether resolveOptions() returned these options. */
export function isResolved(options: Options | ResolvedOptions): options is ResolvedOptions {
  return resolved.has(options)
}

/**
 * Resolves the options for a compile of `file` to one frozen object: package.json's defaults, then the environment, then
 * `options`.
 *
 * @throws TypeError that names the option at fault
 */
export function resolveOptions(
  options: Options | ResolvedOptions,
  file: string,
  env: NodeJS.ProcessEnv = process.env,
): ResolvedOptions {
  if (isResolved(options)) return options
  validateOptions(options, 'option')
  const cwd = resolve(options.cwd ?? process.cwd())
  const nearest = nearestPackage(dirname(resolve(cwd, file)))
  const root = nearest ?? cwd
  const defaults = nearest ? pathsFrom(packageOptions(nearest, cwd, env), nearest) : {}
  const given = pathsFrom(definedOnly(options), cwd)
  const merged: Options = {
    ...defaults,
    ...(env['BPF_CLANG'] && { clang: env['BPF_CLANG'] }),
    ...given,
  }
  const { arch = nativeArch(), types = true, cache = true } = merged
  const cacheDir = trustedCacheFolder(
    typeof cache === 'string' ? cache : join(root, 'node_modules/.cache/unplugin-bpf'),
  )
  const result: ResolvedOptions = Object.freeze({
    clang: merged.clang,
    cflags: Object.freeze([
      // Of two contradicting flags the last wins; of two folders with the same header, the first.
      ...(defaults.cflags ?? []),
      ...(given.cflags ?? []),
      ...absolutePaths(splitWords(env['BPF_CFLAGS'] ?? ''), process.cwd()),
    ]),
    include: Object.freeze([...(given.include ?? []), ...(defaults.include ?? [])]),
    defines: Object.freeze({ ...defaults.defines, ...given.defines }),
    arch: Object.freeze(atLeastOne(typeof arch === 'string' ? [arch] : arch)),
    archIsGiven: merged.arch !== undefined,
    vmlinux: merged.vmlinux ?? 'auto',
    types: types === false ? false : Object.freeze({ dir: types === true ? undefined : types.dir }),
    cache: cache === false ? false : cacheDir,
    cacheDir,
    agent: merged.agent,
    native: merged.native ?? 'external',
    verify: merged.verify ?? false,
    minKernel: merged.minKernel,
    cwd,
    root,
  })
  resolved.add(result)
  return result
}

const atLeastOne = (arches: readonly Arch[]): [Arch, ...Arch[]] => {
  const [first = nativeArch(), ...rest] = new Set(arches)
  return [first, ...rest]
}

const definedOnly = (options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))

/** Makes paths absolute. A clang without a slash is a name on PATH and stays. */
function pathsFrom(options: Options, folder: string): Options {
  const absolute = (path: string): string => resolve(folder, path)
  const { clang, cflags, include, vmlinux, types, cache, agent } = options
  return {
    ...options,
    ...(clang && { clang: /[/\\]/.test(clang) && !isAbsolute(clang) ? absolute(clang) : clang }),
    ...(cflags && { cflags: absolutePaths(cflags, folder) }),
    ...(include && { include: include.map(absolute) }),
    ...(vmlinux && { vmlinux: vmlinux === 'auto' ? vmlinux : absolute(vmlinux) }),
    ...(typeof types === 'object' && { types: { dir: types.dir && absolute(types.dir) } }),
    ...(typeof cache === 'string' && { cache: absolute(cache) }),
    ...(agent && { agent: absolute(agent) }),
  }
}
