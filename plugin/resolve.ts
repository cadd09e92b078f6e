import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A BPF program's source. Not `…?raw` and the like, which to Vite mean the text. */
export const sourceRE: RegExp = /\.bpf\.c$/

/** What `load` takes: a source; or the name of its declarations, in a bundle of declarations. */
export const loadedRE: RegExp = /\.bpf\.c(?:\.d\.ts)?$/

/** Modules whose import of a source is one of its declarations: rolldown-plugin-dts bundles them. */
const declarationFileRE = /\.d\.[cm]?ts$/

export function isDeclarationFile(id: string): boolean {
  return declarationFileRE.test(id)
}

/** A query makes Node load a module anew; but `?raw` and `?url` ask for something else. */
const sourceURLRE = /^file:.*\.bpf\.c(?:\?(?!(?:raw|url)(?:$|[&=])).*)?$/

/** Whether Node would load a BPF program's source from there. */
export function isSourceURL(url: string): boolean {
  return sourceURLRE.test(url)
}

/** The folder of the program that Node runs, whose own workspace it obeys wherever it is started. */
export function entryFolder(): string {
  const [, entry] = process.argv
  return entry === undefined ? process.cwd() : dirname(entry)
}

/** Whether an import says by its attributes, `with { type: 'text' }`, that it wants no module of ours. */
export function hasOtherType(attributes: Readonly<Record<string, unknown>> | undefined): boolean {
  return attributes?.['type'] !== undefined
}

/** A generated module's import of this package: its source may lie in a folder that does not see it. */
export function isGeneratedImport(specifier: string, importer: string | undefined): boolean {
  return importer !== undefined && isSourceURL(importer) && ownPackageRE.test(specifier)
}

/** What generated modules and agents import of this package. */
export const ownPackageRE: RegExp = /^unplugin-bpf\//

/** Under this name the runtime finds koffi also where only this package is seen. */
export const ownKoffi = 'unplugin-bpf/koffi'

/** koffi finds its binary by the place of its own files: it stays outside of bundles. */
export const nativeRE: RegExp = /^(?:unplugin-bpf\/)?koffi$/

const require = createRequire(import.meta.url)

/**
 * This package's own file behind `unplugin-bpf/…`: for sources whose folder cannot see the package,
 * such as those of a sibling workspace package under pnpm.
 */
export function ownFile(specifier: string): string {
  return require.resolve(specifier)
}

export function ownURL(specifier: string): string {
  return pathToFileURL(ownFile(specifier)).href
}
