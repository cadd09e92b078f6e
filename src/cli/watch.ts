import { once } from 'node:events'
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { Generated } from './gen-types.ts'
import { note } from './output.ts'

/** Milliseconds to wait after a change, as editors write a file in several steps. */
const settle = 50

/** Generates declarations, again whenever a source or a header changes or appears, until Ctrl-C. */
export async function watchSources(
  find: () => Promise<string[]>,
  generate: (source: string) => Promise<Generated>,
): Promise<number> {
  const built = new Map<string, Generated>()

  async function update(touched?: ReadonlySet<string>): Promise<void> {
    const sources = await find()
    for (const source of sources) {
      if (touched && !isAffected(built.get(source), touched)) continue
      try {
        const { ok, dependencies } = await generate(source)
        // A failed compile may not list every header: the last ones still count.
        const before = ok ? [] : (built.get(source)?.dependencies ?? [])
        built.set(source, { ok, dependencies: [source, ...dependencies, ...before] })
      } catch (error) {
        note(error instanceof Error ? error.message : String(error))
        built.set(source, { ok: false, dependencies: [source] })
      }
    }
    folders.add([...built.values()].flatMap(({ dependencies }) => dependencies))
  }

  const folders = new FolderWatcher(update)
  await update()
  note(`watching ${built.size} ${built.size === 1 ? 'source' : 'sources'}; press Ctrl-C to end`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  folders.close()
  return 0
}

/** Whether changed files affect a source. A new header may be the one that a failed build did not find. */
function isAffected(last: Generated | undefined, touched: ReadonlySet<string>): boolean {
  if (!last) return true
  if (last.dependencies.some((file) => touched.has(file))) return true
  return !last.ok && Array.from(touched).some((file) => file.endsWith('.h'))
}

/** Watches folders, as editors replace files rather than write to them. */
class FolderWatcher {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #touched = new Set<string>()
  readonly #changed: (touched: ReadonlySet<string>) => Promise<void>
  #running = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** `changed` is called with the files that were touched, never while an earlier call runs. */
  constructor(changed: (touched: ReadonlySet<string>) => Promise<void>) {
    this.#changed = changed
  }

  /** Adds the folders of `files`; those watched before stay. */
  add(files: readonly string[]): void {
    for (const folder of new Set(files.map((file) => dirname(file)))) {
      if (this.#watchers.has(folder)) continue
      const watcher = watch(folder, (_, name) => this.#touch(join(folder, basename(name ?? ''))))
      // The folder was deleted.
      watcher.on('error', () => this.#watchers.delete(folder))
      this.#watchers.set(folder, watcher)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
  }

  #touch(file: string): void {
    this.#touched.add(file)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const touched = new Set(this.#touched)
      this.#touched.clear()
      this.#running = this.#running.then(() => this.#changed(touched))
    }, settle)
  }
}
