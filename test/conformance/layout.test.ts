/** Sizes, offsets and bits of every type and variable, of BTF and of DWARF, are those that the C compiler gives. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { execa } from 'execa'
import { afterAll } from 'vitest'

import { type RawBtf, readBtf } from '../../src/btf/btf.ts'
import { createDefinitions } from '../../src/btf/dump/definitions.ts'
import { createDump, type Dump } from '../../src/btf/dump/dump.ts'
import { cStruct } from '../../src/codegen/c-struct.ts'
import { layoutsOf, type Layouts } from '../../src/codegen/layout.ts'
import { isInSystemFolder, projectFiles } from '../../src/codegen/project-files.ts'
import { findClang } from '../../src/compile/clang/find-clang.ts'
import { readSourceInfo } from '../../src/dwarf/source-info.ts'
import { readElf } from '../../src/elf/elf.ts'
import { sanitizeIdentifier } from '../../src/object/identifier.ts'
import type { BpfObject } from '../../src/object/object.ts'
import { readObject } from '../../src/object/read-object.ts'
import { encodeBtf } from '../btf/encode-btf.ts'
import { assertions, memberAssertions } from '../codegen/assertions.ts'
import { cacheFolder } from '../debian/cache.ts'
import { probeDifference, probesOf, probeSource, type Probe } from './bitfields.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { isRefusal } from './refusal.ts'

const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
afterAll(() => rm(folder, { recursive: true }))

/** C source of claims about how types lie in memory. */
interface Claims {
  readonly source: string
  readonly probes: readonly Probe[]
}

conforms('layouts of BTF', each(btfLayouts), { oneOf: 3 })
conforms('layouts of DWARF', each(dwarfLayouts), { oneOf: 3 })

async function btfLayouts(path: string): Promise<Verdict> {
  const bytes = await readFile(path)
  if (!readElf(bytes).littleEndian) return 'passed over'
  try {
    const object = readObject(bytes, { name: 'program_bpf' })
    return object.btf ? await check(path, claimsOfObject(object, object.btf)) : 'passed over'
  } catch (error) {
    if (isRefusal(error)) return 'refused'
    throw error
  }
}

async function dwarfLayouts(path: string): Promise<Verdict> {
  const elf = readElf(await readFile(path))
  const { types } = readSourceInfo(elf, { isOwn: projectFiles(isInSystemFolder) }).btf
  if (types.length <= 1 || !elf.littleEndian) return 'passed over'
  const btf = readBtf(encodeBtf(types))
  const dump = createDump(btf)
  const { source, probes } = claimsOfTypes(btf, dump, layoutsOf(btf))
  return check(path, { source, probes })
}

function claimsOfObject(object: BpfObject, btf: RawBtf): Claims {
  const dump = createDump(btf)
  const layouts = layoutsOf(btf)
  // Before the types, for whoever asks first gets a name without a number.
  const struct = cStruct(object, dump)
  const types = claimsOfTypes(btf, dump, layouts)
  const variables = object.sections.map((section) => {
    const members = section.variables.map(({ name, offset, type }) => {
      return { name: sanitizeIdentifier(name), offset, layout: layouts.of(type) }
    })
    const layout = { kind: 'struct', name: '', size: section.size, members } as const
    return memberAssertions(`struct program_bpf__${section.ident}`, layout)
  })
  return {
    source: `${types.source}${struct}};\n${variables.join('')}`,
    probes: types.probes,
  }
}

/** Of all structs, unions and enums that have a name. */
function claimsOfTypes(btf: RawBtf, dump: Dump, layouts: Layouts): Claims {
  const define = createDefinitions(dump)
  const definitions: string[] = []
  const asserted: string[] = []
  const probes: Probe[] = []
  for (const [id, type] of btf.types.entries()) {
    const isNamed = 'name' in type && type.name !== ''
    const isDefined =
      type.kind === 'struct' ||
      type.kind === 'union' ||
      type.kind === 'enum64' ||
      (type.kind === 'enum' && type.values.length > 0)
    if (type.kind !== 'void') definitions.push(...define([id]))
    if (!isNamed || !isDefined) continue
    const name = `${type.kind === 'enum64' ? 'enum' : type.kind} ${dump.names.tag(id)}`
    const layout = layouts.of(id)
    asserted.push(assertions(name, layout))
    probes.push(...probesOf(name, layout, `probe_${id}`))
  }
  return { source: definitions.join('') + asserted.join(''), probes }
}

async function check(path: string, { source, probes }: Claims): Promise<Verdict> {
  const clang = await findClang(undefined, cacheFolder)
  const stem = join(folder, basename(path))
  await writeFile(`${stem}.c`, [PRELUDE, source, ...probes.map(probeSource)].join('\n'))
  const how = ['-target', 'bpf', '-w', '-c', `${stem}.c`, '-o', `${stem}.o`]
  const done = await execa(clang.path, how, { reject: false })
  if (done.failed) {
    return { difference: done.stderr.split('\n').find((line) => /error/u.test(line)) ?? 'killed' }
  }
  const difference = probeDifference(await readFile(`${stem}.o`), probes)
  await Promise.all([rm(`${stem}.c`), rm(`${stem}.o`)])
  return difference === undefined ? 'equal' : { difference }
}

const PRELUDE = `typedef _Bool bool;
#define offsetof(type, member) __builtin_offsetof(type, member)
`
