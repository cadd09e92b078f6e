import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

import type KoffiModule from 'koffi'

import { unsupported } from '../host/error.ts'

export type Koffi = typeof KoffiModule

let loaded: Koffi | undefined
let provide: (() => unknown) | undefined

/** Bundles that carry koffi's native module themselves say here how to load it; nothing runs before `open()`. */
export function provideKoffi(load: () => unknown): void {
  provide = load
}

/**
 * Loaded at the first need, so that importing the runtime never fails. `unplugin-bpf/koffi` comes first: under pnpm
 * an application cannot see koffi itself.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` where koffi is not installed or has no binary for this machine
 */
export function koffi(): Koffi {
  loaded ??= load()
  return loaded
}

function load(): Koffi {
  const here = import.meta.url ?? pathToFileURL(process.argv[1] ?? `${process.cwd()}/`)
  const require = createRequire(here)
  const attempts = provide
    ? [provide]
    : [() => require('unplugin-bpf/koffi'), () => require('koffi')]
  let failure: unknown
  for (const attempt of attempts) {
    try {
      const module = attempt() as { default?: Koffi } & Koffi
      return module.default ?? module
    } catch (error) {
      failure = error
    }
  }
  throw unsupported(
    'open',
    'a BPF object',
    `koffi, which calls libbpf, does not load: ${(failure as Error).message.split('\n')[0]}`,
    'Install it beside the agent: npm install koffi',
  )
}
