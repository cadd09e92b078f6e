import { readFile } from '../host/files.ts'

/** /proc/kallsyms, cached for a second, so that several probes in a row read it once. */
let cached: Buffer | undefined

/**
 * Returns whether the kernel or one of its modules has a function of this name, for kprobe and fentry. Every process may
 * ask. The kernel does not let every function be traced: not those that tracing itself calls.
 */
export function kernelFunction(name: string): boolean {
  if (!/^[\w.$]+$/.test(name)) return false
  if (!cached) {
    cached = readFile('/proc/kallsyms')
    setTimeout(() => (cached = undefined), 1000).unref()
  }
  // Lines are "ffffffff81000000 T name", with a tab after names of modules. T, t, W and w are functions (nm(1)).
  for (const end of ['\n', '\t']) {
    const line = ` ${name}${end}`
    for (let at = cached.indexOf(line); at >= 0; at = cached.indexOf(line, at + 1)) {
      const type = String.fromCharCode(cached[at - 1] ?? 0)
      if ('TtWw'.includes(type)) return true
    }
  }
  return false
}
