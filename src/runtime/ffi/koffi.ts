import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

import type KoffiModule from 'koffi'

import { unsupported } from '../host/error.ts'

export type Koffi = typeof KoffiModule

let loaded: Koffi | undefined
let provided: (() => unknown) | undefined

/** Sets how to load koffi, for bundles that carry its native module. `load` is not called before the first `open()`. */
export function provideKoffi(load: () => unknown): void {
  provided = load
}

/**
 * Loads koffi at the first call, so that importing the runtime never fails. `unplugin-bpf/koffi` is tried first: under
 * pnpm an application cannot see koffi itself.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` where koffi is not installed or has no binary for this machine
 */
export function koffi(): Koffi {
  loaded ??= load()
  return loaded
}

/** The koffi that package.json pins. Minor versions have changed how koffi shows native memory; patches have not. */
const supported = { line: '3.3', patch: 4 } as const

function load(): Koffi {
  const here = import.meta.url ?? pathToFileURL(process.argv[1] ?? `${process.cwd()}/`)
  const require = createRequire(here)
  const attempts: [name: string, attempt: () => unknown][] = provided
    ? [['the one in the bundle', provided]]
    : [
        ['unplugin-bpf/koffi', () => require('unplugin-bpf/koffi')],
        ['koffi', () => require('koffi')],
      ]
  const failures: string[] = []
  for (const [name, attempt] of attempts) {
    try {
      const module = attempt() as { default?: Koffi } & Koffi
      const koffi = module.default ?? module
      if (isSupported(koffi.version)) return koffi
      failures.push(
        `${name}: version ${koffi.version}, not ${supported.line}.${supported.patch} or a later patch`,
      )
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message.split('\n')[0]}`)
    }
  }
  throw unsupported(
    'open',
    'a BPF object',
    `koffi, which calls libbpf, does not load (tried ${failures.join('; ')})`,
    `Install it beside the agent: npm install koffi@~${supported.line}.${supported.patch}`,
  )
}

function isSupported(version: string): boolean {
  const [, line, patch] = /^(\d+\.\d+)\.(\d+)/.exec(version) ?? []
  return line === supported.line && Number(patch) >= supported.patch
}
