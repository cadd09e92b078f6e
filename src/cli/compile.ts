import { resolve } from 'node:path'

import { compile } from '../compile/compile.ts'
import { stripDebug } from '../elf/strip.ts'
import { report } from './diagnostics.ts'
import { Failure, UsageError } from './failure.ts'
import { type Flags, one, singleArchOptions } from './flags.ts'
import { writeOutput } from './output.ts'

/** Compiles a source to the object that the plugin would embed: without DWARF, with BTF. */
export async function compileFile(file: string, flags: Flags): Promise<void> {
  const out = one(flags, 'o')
  if (out === undefined && process.stdout.isTTY) {
    throw new UsageError(
      'the object is binary and stdout is a terminal: add -o FILE, or redirect stdout',
    )
  }
  const options = singleArchOptions(flags, 'an object')
  const { dependencies, object, diagnostics } = await compile(resolve(file), options)
  report(diagnostics)
  if (object === undefined) throw new Failure(`clang did not write an object for ${file}`)
  return writeOutput(out, stripDebug(object), dependencies)
}
