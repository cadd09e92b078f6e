import { once } from 'node:events'
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { Generated } from './gen-types.ts'
import { note } from './output.ts'

/** Milliseconds: editors write a file in several steps. */
const settle = 50

/** Generates, and again whenever a source, or what it was made from, changes or appears. Ends at Ctrl-C. */
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
        // A compile that fails early has not seen every header: those of the last time still count.
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
  note(`watching ${built.size} ${built.size === 1 ? 'source' : 'sources'}; Ctrl-C ends`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  folders.close()
  return 0
}

/** A header that appears may be the one that a failed build did not find. */
function isAffected(last: Generated | undefined, touched: ReadonlySet<string>): boolean {
  if (!last) return true
  if (last.dependencies.some((file) => touched.has(file))) return true
  return !last.ok && Array.from(touched).some((file) => file.endsWith('.h'))
}

/** Watches folders, since editors replace a file by another of its name. */
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
      // A folder that was deleted.
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
