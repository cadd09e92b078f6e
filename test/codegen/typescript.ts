import { execFile } from 'node:child_process'
import { join } from 'node:path'

import { sourceOf } from './project.ts'

/** The compilers that must accept declarations, the oldest first. */
export const VERSIONS = ['typescript-5.9', 'typescript', 'typescript-7'] as const

const compilerOptions = {
  rootDirs: ['.', '.bpf/types'],
  strict: true,
  noEmit: true,
  module: 'nodenext',
  target: 'esnext',
  lib: ['esnext'],
  typeRoots: [sourceOf('node_modules/@types')],
  types: ['node'],
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  allowArbitraryExtensions: true,
  // For the sources of the runtime, which stand in for its declarations.
  allowImportingTsExtensions: true,
  skipLibCheck: false,
  paths: { 'unplugin-bpf/runtime': [sourceOf('src/runtime/index.ts')] },
}

export const tsconfig: string = JSON.stringify({ compilerOptions, include: ['**/*.ts'] })

/** What the compiler has to say of the project in `folder`: nothing, when it accepts it. */
export function typeCheck(folder: string, version: (typeof VERSIONS)[number]): Promise<string> {
  const tsc = sourceOf(join('node_modules', version, 'bin/tsc'))
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, '-p', folder], (_, stdout) => resolve(stdout))
  })
}
