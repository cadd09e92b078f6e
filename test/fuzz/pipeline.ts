import { expect } from 'vitest'

import { readBtfOf } from '../../src/btf/btf.ts'
import { dumpC } from '../../src/btf/dump-c.ts'
import { dumpJson, dumpRaw } from '../../src/btf/dump-raw.ts'
import { readBtfExtOf } from '../../src/btf/ext.ts'
import { contentsOf } from '../../src/cli/contents.ts'
import { cHeader } from '../../src/codegen/c-header.ts'
import { declarations } from '../../src/codegen/declarations.ts'
import { browserJavascript, javascript } from '../../src/codegen/javascript.ts'
import { describeSkeleton } from '../../src/codegen/json.ts'
import { skeletonModel } from '../../src/codegen/model.ts'
import { isInSystemFolder, projectFiles } from '../../src/codegen/project-files.ts'
import { readSourceInfo, type SourceInfo } from '../../src/dwarf/source-info.ts'
import { readElf } from '../../src/elf/elf.ts'
import { FormatError } from '../../src/elf/format-error.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { ObjectError } from '../../src/object/object-error.ts'
import { readObject } from '../../src/object/read-object.ts'
import { failingLine } from '../../src/runtime/verifier/failing-line.ts'
import { readVerifierLog } from '../../src/runtime/verifier/verifier-log.ts'
import { expectBrowserModule, expectC, expectDeclarations, expectModule } from './generated-code.ts'

/**
 * All that is made of an object, from its bytes to JavaScript, declarations, C and JSON. Bytes may be refused at any
 * step, but only by the errors that say why and where. Returns how far they came.
 */
export function makeAll(bytes: Uint8Array, thorough = true): 'refused' | 'made' {
  const elf = attempt(() => readElf(bytes))
  if (!elf) return 'refused'
  const btf = attempt(() => readBtfOf(elf))
  if (btf) {
    attempt(() => expectC(dumpC(btf)))
    if (thorough) {
      attempt(() => readBtfExtOf(elf, btf))
      attempt(() => dumpC(btf, { sort: true }))
      attempt(() => dumpRaw(btf))
      attempt(() => JSON.parse(dumpJson(btf)))
    }
  }
  const object = attempt(() => stripDebug(bytes))
  if (!object) return 'refused'
  failingLine(object, 'program_with_a_rather_long_name', refusal)
  const info = attempt(() => readSourceInfo(elf, { isOwn, readFile: () => undefined }))
  return attempt(() => make(object, info, thorough)) ?? 'refused'
}

const isOwn = projectFiles(isInSystemFolder)
const refusal = readVerifierLog('3: (95) exit\nR0 !read_ok\n')

function make(object: Uint8Array, info: SourceInfo | undefined, thorough: boolean): 'made' {
  const bpf = readObject(object, { name: 'fuzz_bpf' })
  const model = skeletonModel(bpf, info)
  // What is embedded is text alike, whatever it holds.
  const embedded = thorough ? object : object.subarray(0, 64)
  expectModule(javascript(model, embedded))
  attempt(() => expectC(cHeader(bpf, embedded)))
  expectPlain(describeSkeleton(model, bpf))
  const place = { file: '/types/fuzz.bpf.d.c.ts', source: '/fuzz.bpf.c' }
  const text = declarations(model, place)
  if (thorough) {
    expectDeclarations(text)
    expectBrowserModule(browserJavascript(model))
    attempt(() => contentsOf({ model, bpf, object, embedded: object, dependencies: [] }))
  }
  return 'made'
}

/** JSON would leave out an undefined member, and make null of NaN. */
function expectPlain(value: unknown): void {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new Error(`a description holds ${String(value)}`)
  }
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(value)) expectPlain(inner)
}

/** Undefined when it is refused as it should be. Other errors are bugs, and pass through. */
function attempt<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    if (error instanceof FormatError) {
      expect(Number.isSafeInteger(error.offset) && error.offset >= 0, error.message).toBe(true)
      expect(error.reason).not.toBe('')
      expect(error.message).not.toMatch(/\bundefined\b|\bNaN\b/u)
    } else if (!(error instanceof ObjectError)) throw error
    return undefined
  }
}
