import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Ids of the BPF programs that a process holds. */
export async function programsOf(pid: number | undefined): Promise<number[]> {
  const folder = `/proc/${pid}/fdinfo`
  const ids = new Set<number>()
  for (const fd of await readdir(folder)) {
    // A descriptor may be closed meanwhile.
    const info = await readFile(`${folder}/${fd}`, 'utf8').catch(() => '')
    const id = /^prog_id:\s*(\d+)/m.exec(info)?.[1]
    if (id) ids.add(Number(id))
  }
  return [...ids].toSorted((a, b) => a - b)
}

/** Whether the kernel still has a program. */
export async function isLoaded(program: number): Promise<boolean> {
  try {
    await exec('bpftool', ['prog', 'show', 'id', String(program)])
    return true
  } catch {
    return false
  }
}
