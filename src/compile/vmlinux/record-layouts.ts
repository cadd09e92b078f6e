import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { readElf } from '../../elf/elf.ts'
import { temporaryName } from '../cache/atomic-write.ts'
import type { Clang } from '../clang/find-clang.ts'
import { runProcess } from '../clang/run-process.ts'
import type { RecordLayout } from './minimise-header.ts'
import { type Precompiled, precompiledFlags } from './precompiled.ts'

/**
 * Asks clang for the sizes and alignments of records of a precompiled header: `struct task_struct`. Throws if clang does
 * not know one of them.
 *
 * @param folder for temporary files; those that remain when this process ends early are pruned later
 */
export async function recordLayouts(
  records: readonly string[],
  precompiled: Precompiled,
  clang: Clang,
  folder: string,
): Promise<Map<string, RecordLayout>> {
  await mkdir(folder, { recursive: true })
  const source = `${temporaryName(join(folder, 'layouts'))}.c`
  const object = `${source}.o`
  try {
    const numbers = records.map((record) => `sizeof(${record}),_Alignof(${record})`)
    await writeFile(source, `unsigned long long __unplugin_bpf[] = {${numbers.join(',\n')}};\n`)
    const flags = [...precompiled.flags, ...precompiledFlags(precompiled), '-w']
    const args = [...flags, '-c', source, '-o', object]
    const { exitCode } = await runProcess(clang.path, args, folder, { isBackground: true })
    if (exitCode !== 0) throw new Error('clang does not know the sizes of all records')

    const { littleEndian, sections } = readElf(new Uint8Array(await readFile(object)))
    const data = sections.find(({ name }) => name === '.data')?.data ?? new Uint8Array()
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
    const number = (index: number): number => Number(view.getBigUint64(index * 8, littleEndian))
    return new Map(
      records.map((record, index) => [
        record,
        { size: number(index * 2), align: number(index * 2 + 1) },
      ]),
    )
  } finally {
    await Promise.all([source, object].map((file) => rm(file, { force: true })))
  }
}
