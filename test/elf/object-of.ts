import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The names under which clang may be found, the contract's newest first. */
const NAMES = ['clang', 'clang-21', 'clang-20', 'clang-19', 'clang-18', 'clang-17', 'clang-16']

interface Options {
  /** `bpfel` unless told. */
  readonly target?: 'bpfel' | 'bpfeb'
  readonly language?: 'c' | 'assembler'
  readonly flags?: readonly string[]
}

/** The object that clang makes of the source, with DWARF and BTF. */
export function objectOf(source: string, options: Options = {}): Buffer {
  const { target = 'bpfel', language = 'c', flags: more = [] } = options
  const cFlags = language === 'c' ? ['-O2', '-idirafter', '/usr/include', ...multiarch()] : []
  const flags = ['-g', '-target', target, ...cFlags, ...more, '-x', language, '-c', '-', '-o', '-']
  // With stderr piped, what clang says is part of the error.
  return execFileSync(clang(), flags, { input: source, stdio: 'pipe', maxBuffer: 2 ** 28 })
}

/** The source of a file in the folder of fixtures beside the test. */
export function fixture(name: string, test: string): string {
  return readFileSync(new URL(`fixtures/${name}`, test), 'utf8')
}

function clang(): string {
  const found = NAMES.find((name) => {
    try {
      return execFileSync(name, ['--print-targets']).includes('bpf')
    } catch {
      return false
    }
  })
  if (found === undefined) throw new Error(`the tests need clang: tried ${NAMES.join(', ')}`)
  return found
}

/** asm/types.h lies in a folder named after the machine. */
function multiarch(): string[] {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string]
  return machine === undefined ? [] : ['-idirafter', `/usr/include/${machine}-linux-gnu`]
}
