import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { readSkeleton } from '../../src/cli/read-skeleton.ts'
import { declarations } from '../../src/codegen/declarations.ts'
import { javascript } from '../../src/codegen/javascript.ts'
import type { SkeletonModel } from '../../src/codegen/model.ts'

/** Writes the module of an object, and its declarations beside it. Throws what `isRefusal` knows. */
export async function generate(
  path: string,
  folder: string,
): Promise<{ module: string; model: SkeletonModel }> {
  const { model, object } = await readSkeleton(path, {})
  const stem = join(folder, basename(path, '.o'))
  const file = `${stem}.d.c.ts`
  await writeFile(`${stem}.mjs`, javascript(model, object))
  await writeFile(file, declarations(model, { file, source: `${stem}.c` }))
  return { module: `${stem}.mjs`, model }
}
