import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { onTestFinished } from 'vitest'

import { readElf, type Elf } from '../../src/elf/elf.ts'

/** The names under which clang may be found. */
const NAMES = ['clang', 'clang-21', 'clang-20', 'clang-19', 'clang-18', 'clang-17', 'clang-16']

/** What src/compile asks clang for, so that its DWARF has all that the source declares. */
const FLAGS = ['-g', '-O2', '-fdebug-macro', '-fno-eliminate-unused-debug-types', '-w']

export interface Compiled {
  readonly elf: Elf
  readonly bytes: Buffer
  /** Where the files lie, until the test ends. */
  readonly folder: string
}

/** The first of the files, compiled: `{ 'a.bpf.c': '…', 'a.h': '…' }`. */
export function compiled(
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Compiled {
  const folder = mkdtempSync(join(tmpdir(), 'dwarf-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const [source = ''] = Object.keys(files)
  const target = flags.some((flag) => flag.startsWith('--target=')) ? [] : ['--target=bpfel']
  const bytes = execFileSync(
    clang(),
    [...FLAGS, ...target, ...flags, '-c', join(folder, source), '-o', '-'],
    { maxBuffer: 2 ** 28, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  return { elf: readElf(bytes), bytes, folder }
}

let found: string | undefined

function clang(): string {
  found ??= NAMES.find((name) => {
    try {
      return execFileSync(name, ['--print-targets']).includes('bpf')
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`the tests need clang: tried ${NAMES.join(', ')}`)
  return found
}
