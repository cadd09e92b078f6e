import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The path of a BPF program's source, without a query: Vite's `?raw` asks for the text. */
export const sourceRE: RegExp = /\.bpf\.c$/

/** The ids that `load` handles: a source, or its declarations in a bundle of declarations. */
export const loadedRE: RegExp = /\.bpf\.c(?:\.d\.ts)?$/

/** A declaration file, whose imports of sources are of their declarations: rolldown-plugin-dts bundles those. */
const declarationFileRE = /\.d\.[cm]?ts$/

export function isDeclarationFile(id: string): boolean {
  return declarationFileRE.test(id)
}

/** The URL of a source. Queries are allowed, as they make Node load a module again, but for `?raw` and `?url`. */
const sourceURLRE = /^file:.*\.bpf\.c(?:\?(?!(?:raw|url)(?:$|[&=])).*)?$/

/** Whether a URL is that of a BPF program's source. */
export function isSourceURL(url: string): boolean {
  return sourceURLRE.test(url)
}

/** Returns the folder of the program that Node runs. Its workspace's options are used wherever it is started. */
export function entryFolder(): string {
  const [, entry] = process.argv
  return entry === undefined ? process.cwd() : dirname(entry)
}

/** Whether an import's attributes, as in `with { type: 'text' }`, ask for something other than the skeleton. */
export function hasTypeAttribute(
  attributes: Readonly<Record<string, unknown>> | undefined,
): boolean {
  return attributes?.['type'] !== undefined
}

/** Whether an import is a generated module's import of this package, which the source's folder may not see. */
export function isGeneratedImport(specifier: string, importer: string | undefined): boolean {
  return importer !== undefined && isSourceURL(importer) && packageImportRE.test(specifier)
}

/** An import of this package by a generated module or an agent. */
export const packageImportRE: RegExp = /^unplugin-bpf\//

/** The name by which the runtime finds koffi where only this package can be seen. */
export const koffiExport = 'unplugin-bpf/koffi'

/** An import of koffi, which stays outside bundles, as it finds its binary by its own path. */
export const koffiRE: RegExp = /^(?:unplugin-bpf\/)?koffi$/

const require = createRequire(import.meta.url)

/**
 * Returns this package's file for `unplugin-bpf/…`, for sources whose folder cannot see the package, such as those of a
 * sibling workspace package under pnpm.
 */
export function packageFile(specifier: string): string {
  return require.resolve(specifier)
}

/** Returns the URL of this package's file for `unplugin-bpf/…`. */
export function packageURL(specifier: string): string {
  return pathToFileURL(packageFile(specifier)).href
}
