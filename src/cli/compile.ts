import { resolve } from 'node:path'

import { compile } from '../compile/compile.ts'
import { stripDebug } from '../elf/strip.ts'
import { report } from './diagnostics.ts'
import { Failure, UsageError } from './failure.ts'
import { type Flags, one, singleArchOptions } from './flags.ts'
import { writeOutput } from './output.ts'

/** The object that the plugin would embed: DWARF stripped, BTF kept. */
export async function compileFile(file: string, flags: Flags): Promise<void> {
  const out = one(flags, 'o')
  if (out === undefined && process.stdout.isTTY) {
    throw new UsageError('an object is no text for a terminal: give -o FILE, or redirect stdout')
  }
  const options = singleArchOptions(flags, 'an object')
  const { dependencies, object, diagnostics } = await compile(resolve(file), options)
  report(diagnostics)
  if (object === undefined) throw new Failure(`clang made no object of ${file}`)
  return writeOutput(out, stripDebug(object), dependencies)
}
