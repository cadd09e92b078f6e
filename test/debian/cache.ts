import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What tests download and build, once a machine and user: outside the clone, so that a fresh clone finds it. May be
 * deleted at any time; UNPLUGIN_BPF_TEST_CACHE names another folder.
 */
export const cacheFolder: string =
  process.env['UNPLUGIN_BPF_TEST_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'unplugin-bpf/test')

/**
 * The folder `name` of the cache, made by `make` unless it is there. It appears whole or not at all. Test files run in
 * processes of their own: one makes it, the others wait.
 */
export async function cached(
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheFolder, name)
  if (await exists(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const lock = `${folder}.lock`
  await acquire(lock)
  try {
    if (await exists(folder)) return folder
    const unfinished = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
    try {
      await make(unfinished)
      await rename(unfinished, folder)
    } finally {
      await rm(unfinished, { recursive: true, force: true })
    }
    return folder
  } finally {
    await rm(lock, { force: true })
  }
}

async function acquire(lock: string): Promise<void> {
  for (;;) {
    try {
      await writeFile(lock, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
    if (await isAbandoned(lock)) await rm(lock, { force: true })
    else await sleep(250)
  }
}

/** Whether the process that holds the lock was killed. */
async function isAbandoned(lock: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(lock, 'utf8'))
    // 0: it has not written its number yet.
    if (pid > 0) process.kill(pid, 0)
    return false
  } catch (error) {
    return isErrno(error, 'ESRCH')
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
