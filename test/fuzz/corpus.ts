import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { compile } from '../../src/compile/compile.ts'
import type { Options } from '../../src/compile/options/options.ts'

/** An object as clang made it, with its DWARF. */
export interface Seed {
  readonly name: string
  readonly bytes: Uint8Array
  /** How often it is damaged: large ones take long. */
  readonly weight: number
}

const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url))

const everything = 'test/fuzz/corpus/everything.bpf.c'
const sources: readonly { file: string; weight: number; options?: Options }[] = [
  { file: everything, weight: 100 },
  { file: everything, weight: 40, options: { arch: 's390' } },
  { file: everything, weight: 40, options: { cflags: ['-gdwarf-4'] } },
  { file: 'test/elf/fixtures/program.bpf.c', weight: 5 },
  {
    file: 'e2e/consumer/src/flows.bpf.c',
    weight: 5,
    options: { include: [path('e2e/consumer/src/include')] },
  },
  ...(existsSync('/sys/kernel/btf/vmlinux')
    ? [
        { file: 'playground/agent/proc.bpf.c', weight: 0.5 },
        { file: 'playground/vite/processes.bpf.c', weight: 0.5 },
      ]
    : []),
]

/** Objects of the repository's own programs; those that include vmlinux.h only where the kernel tells its types. */
export function corpus(): Promise<Seed[]> {
  return Promise.all(
    sources.map(async ({ file, weight, options = {} }) => {
      const { object, diagnostics } = await compile(path(file), options)
      if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
      return { name: `${file} ${JSON.stringify(options)}`, bytes: object, weight }
    }),
  )
}
