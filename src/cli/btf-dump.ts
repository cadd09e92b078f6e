import { dumpC } from '../btf/dump-c.ts'
import { choice, type Flags, one } from './flags.ts'
import { writeOutput } from './output.ts'
import { readBtfOf } from './read-btf.ts'

export async function btfDump(file: string, flags: Flags): Promise<void> {
  const format = choice(flags, 'format', ['c', 'raw', 'json'], 'c')
  const btf = await readBtfOf(file)
  switch (format) {
    case 'c':
      return writeOutput(one(flags, 'o'), dumpC(btf, { sort: flags['sort'] === true }))
    case 'raw':
    case 'json':
  }
}
