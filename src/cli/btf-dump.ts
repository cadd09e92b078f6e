import type { RawBtf } from '../btf/btf.ts'
import { dumpC } from '../btf/dump-c.ts'
import { dumpJson, dumpRaw } from '../btf/dump-raw.ts'
import { choices } from './choices.ts'
import { UsageError } from './failure.ts'
import { choice, type Flags, one } from './flags.ts'
import { writeOutput } from './output.ts'
import { readBtfFile } from './read-btf.ts'

/** Prints the BTF of a file. */
export async function btfDump(file: string, flags: Flags): Promise<void> {
  const format = choice(flags, 'format', choices.format, 'c')
  const sort = flags['sort'] === true
  if (sort && format !== 'c') throw new UsageError('--sort needs --format c')
  return writeOutput(one(flags, 'o'), dump(readBtfFile(file), format, sort), [file])
}

function dump(btf: RawBtf, format: (typeof choices.format)[number], sort: boolean): string {
  switch (format) {
    case 'c':
      return dumpC(btf, { sort })
    case 'raw':
      return dumpRaw(btf)
    case 'json':
      return dumpJson(btf)
  }
}
