import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Node under valgrind's memcheck, which sees what no sanitizer does here: what bpf(2) writes for the kernel, and reads and
 * writes of Node, koffi and libbpf as they are installed. V8 interprets, since code that it compiles would be checked
 * anew at each change. Uninitialised memory is not looked for: padding that nobody reads is often that.
 * @param logs folder, a file a process
 */
export function nodeUnderValgrind(logs: string): string[] {
  const valgrind = ['--smc-check=all-non-file', '--undef-value-errors=no', '--error-limit=no']
  const node = ['--jitless', '--no-expose-wasm', '--single-threaded']
  return ['valgrind', ...valgrind, `--log-file=${join(logs, '%p.log')}`, process.execPath, ...node]
}

export function hasValgrind(): boolean {
  try {
    execFileSync('valgrind', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

const faults =
  /Invalid (read|write|free)|unaddressable|uninitialised|overlap in|Mismatched free|Jump to the invalid|'impossible' happened|Process terminating/

/** What valgrind found at fault, each with its stack. @throws when it wrote nothing */
export function faultsIn(logs: string): string[] {
  const files = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'utf8'))
  if (!files.some((text) => text.includes('Memcheck'))) throw new Error('valgrind wrote no log')
  const paragraphs = files.flatMap((text) => text.split(/^==\d+== *\n/m))
  return paragraphs.filter((text) => faults.test(text))
}
