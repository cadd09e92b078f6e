import { existsSync, lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { writeAtomic } from '../compile/cache/atomic-write.ts'
import type { ResolvedOptions } from '../compile/options/options.ts'

type TypesOptions = Pick<ResolvedOptions, 'types' | 'root'>

/**
 * Returns the file for the declarations of a `.bpf.c`: for `src/trace.bpf.c` it is `.bpf/types/src/trace.bpf.d.c.ts`
 * beside the nearest tsconfig.json, so that `rootDirs` finds it. The option's `dir` replaces `.bpf/types`; where that
 * folder holds the source, the declarations lie beside the source, and other packages of a workspace find them too.
 * Returns undefined when `types` is off.
 */
export function declarationFile(source: string, { types, root }: TypesOptions): string | undefined {
  if (types === false) return undefined
  const file = resolve(source)
  const project = projectFolder(file) ?? root
  const { dir = join(project, '.bpf/types') } = types
  const inside = [dir, project].map((folder) => relative(folder, file)).find(isInside)
  return join(dir, (inside ?? basename(file)).replace(/\.c$/u, '.d.c.ts'))
}

/**
 * Writes the declarations atomically when they changed, and makes git and Prettier ignore `.bpf`. Resolves to whether it
 * wrote. Call it for compiles without errors alone, so that the old declarations outlive a typo.
 */
export async function writeDeclarations(file: string, content: string): Promise<boolean> {
  refuseLinks(file)
  if ((await readIfThere(file)) === content) return false
  await ignoreGenerated(file)
  await writeAtomic(file, content)
  return true
}

const isInside = (path: string): boolean => !path.startsWith('..')

function projectFolder(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'tsconfig.json'))) return folder
    if (dirname(folder) === folder) return undefined
  }
}

/** Refuses folders that are symbolic links, because they lead elsewhere; the file itself is replaced. */
function refuseLinks(file: string): void {
  const [project, inside] = file.split('/.bpf/')
  if (project === undefined || inside === undefined) return
  for (let folder = dirname(file); folder !== project; folder = dirname(folder)) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Error(
        `cannot write declarations to ${file}: ${folder} is a symbolic link, which generated files do not follow. Remove the link`,
      )
    }
  }
}

async function ignoreGenerated(file: string): Promise<void> {
  const [before, after] = file.split('/.bpf/types/')
  if (before === undefined || after === undefined) return
  for (const [name, text] of IGNORE_FILES) {
    const ignore = join(before, '.bpf', name)
    if (!existsSync(ignore)) await writeAtomic(ignore, text)
  }
}

/** Prettier reads the `.gitignore` of its working directory alone; the pragma is one that generated files lack. */
const IGNORE_FILES: ReadonlyMap<string, string> = new Map([
  ['.gitignore', '*\n'],
  ['.prettierrc', '{ "requirePragma": true }\n'],
])

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return undefined
  }
}
