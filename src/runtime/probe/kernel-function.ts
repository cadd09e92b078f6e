import { readFile } from '../host/files.ts'

/** As the kernel lists them just now; kept for a second, so that several probes in a row read it once. */
let cached: Buffer | undefined

/**
 * Whether the kernel or one of its modules has a function of this name, for kprobe and fentry to attach to. Names are
 * everyone's to read. The kernel still refuses a few: those that tracing itself runs through.
 */
export function kernelFunction(name: string): boolean {
  if (!/^[\w.$]+$/.test(name)) return false
  if (!cached) {
    cached = readFile('/proc/kallsyms')
    setTimeout(() => (cached = undefined), 1000).unref()
  }
  // "ffffffff81000000 T name" and, of a module, a tab. T and t are functions, W and w weak ones (nm(1)).
  for (const end of ['\n', '\t']) {
    const line = ` ${name}${end}`
    for (let at = cached.indexOf(line); at >= 0; at = cached.indexOf(line, at + 1)) {
      const type = String.fromCharCode(cached[at - 1] ?? 0)
      if ('TtWw'.includes(type)) return true
    }
  }
  return false
}
