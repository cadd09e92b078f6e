import { spawnSync } from 'node:child_process'

/** The shared libraries that this machine's dynamic linker would load with a file, by where it would find them. */
export function libraries(file: string): string[] {
  // It exits 1 for what needs none, and for files of other machines.
  const { stdout } = spawnSync('ldd', [file], { encoding: 'utf8' })
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, path]) => path ?? '')
}
