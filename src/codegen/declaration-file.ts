import { existsSync, lstatSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { writeAtomic } from '../compile/cache/atomic-write.ts'
import type { ResolvedOptions } from '../compile/options/options.ts'

type TypesOptions = Pick<ResolvedOptions, 'types' | 'root'>

/**
 * Where the declarations of a `.bpf.c` go: for `src/trace.bpf.c` to `.bpf/types/src/trace.bpf.d.c.ts`
 * beside the nearest tsconfig.json, so that `rootDirs` finds them. The option's `dir` stands for
 * `.bpf/types`; when it is a folder that holds the source, the declarations lie beside the source, where
 * other packages of a workspace find them too. Undefined when `types` is off.
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
 * Writes the declarations when they changed, whole, and makes git and Prettier ignore `.bpf`. Resolves to whether it
 * wrote. `content` is only ever that of a compile without errors: the old declarations outlive a typo.
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

/** The file itself is replaced, whatever it is; a folder that is a link would lead elsewhere. */
function refuseLinks(file: string): void {
  const [project, inside] = file.split('/.bpf/')
  if (project === undefined || inside === undefined) return
  for (let folder = dirname(file); folder !== project; folder = dirname(folder)) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new Error(`${folder} is a link, and what is generated follows none: remove it`)
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

/** Prettier reads no other `.gitignore` than that of the folder it runs in; our files lack the pragma that this asks for. */
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
