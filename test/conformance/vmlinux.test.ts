/**
 * C sees the structs of each kernel's vmlinux.h as the kernel's BTF has them, the header whole, precompiled and cut. Linux
 * 6.19 and newer have members that C takes only with -fms-extensions; what it does not take moves all behind it.
 */
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'
import { afterAll, describe, expect, it } from 'vitest'

import { kernelImage, kernels } from '../../e2e/vm/kernels.ts'
import { type RawBtf, readBtf } from '../../src/btf/btf.ts'
import { createDefinitions } from '../../src/btf/dump/definitions.ts'
import { createDump } from '../../src/btf/dump/dump.ts'
import { languageFlags } from '../../src/compile/clang/arguments.ts'
import { type Clang, findClang } from '../../src/compile/clang/find-clang.ts'
import { compile, formatDiagnostic } from '../../src/compile/compile.ts'
import { type ResolvedOptions, resolveOptions } from '../../src/compile/options/options.ts'
import { vmlinuxText } from '../../src/compile/vmlinux/header-text.ts'
import {
  reachableFrom,
  minimiseHeader,
  readHeader,
} from '../../src/compile/vmlinux/minimise-header.ts'
import { type Precompiled, precompile } from '../../src/compile/vmlinux/precompiled.ts'
import { recordLayouts } from '../../src/compile/vmlinux/record-layouts.ts'
import { kernelBtf } from '../debian/kernel-btf.ts'
import { Unavailable } from '../debian/unavailable.ts'

const RUNNING = '/sys/kernel/btf/vmlinux'

const folder = await mkdtemp(join(tmpdir(), 'vmlinux '))
afterAll(() => rm(folder, { recursive: true }))

interface Kernel {
  readonly name: string
  /** Throws Unavailable. */
  readonly btf: () => Promise<Uint8Array>
}

const tried: readonly Kernel[] = [
  ...kernels
    .filter(({ architecture }) => architecture === 'x64')
    .map((kernel) => ({
      name: kernel.version,
      btf: async () => kernelBtf(await kernelImage(kernel)),
    })),
  { name: `${release()}, this machine's`, btf: readRunning },
]

describe.each(tried)('the structs of Linux $name', ({ name, btf }) => {
  let prepared: Promise<Subject> | undefined
  const subject = (skip: (reason: string) => never): Promise<Subject> => {
    prepared ??= prepare(name, btf)
    return prepared.catch((error: unknown) => {
      if (error instanceof Unavailable) return skip(`its BTF is not to be had: ${error.message}`)
      throw error
    })
  }

  it.for([
    ['parsed', 'int before;\n'],
    ['precompiled', ''],
  ] as const)('%s', { timeout: 600_000 }, async ([way, before], { skip }) => {
    const { assertions, options, structs } = await subject(skip)
    const source = join(options.cwd, `${way}.bpf.c`)
    const text = [...assertions.values()].join('')
    await writeFile(source, `${before}#include "vmlinux.h"\n${MACROS}${text}`)
    const { diagnostics, object } = await compile(source, options)
    expect(diagnostics.slice(0, 5).map(formatDiagnostic)).toEqual([])
    expect(object).toBeDefined()
    expect(structs).toBeGreaterThan(5000)
    const isPrecompiled = existsSync(join(options.cacheDir, 'pch'))
    expect(isPrecompiled).toBe(way === 'precompiled')
  })

  it('cut', { timeout: 600_000 }, async ({ skip }) => {
    const { assertions, options, text } = await subject(skip)
    const clang = await findClang(undefined, options.cacheDir)
    const header = readHeader(text)
    const whole = await precompiled(options, clang, text)
    const names = [...assertions.keys()]
    const seen = new Set<string>()
    for (let group = 0; group < GROUPS; group++) {
      const wanted = names.filter((_, index) => index % GROUPS === group)
      const needed = reachableFrom(wanted, header)
      const cut = minimiseHeader(header, needed)
      const layouts = await recordLayouts(cut.stubs, whole, clang, options.cacheDir)
      // Empty ones are of a form that stays as it is.
      const left = names.filter((name) => needed.has(name) || !header.byName.has(name))
      for (const name of left) seen.add(name)
      const claims = left.map((name) => assertions.get(name))
      const file = join(options.cwd, `cut-${group}.c`)
      await writeFile(file, [cut.print(layouts), MACROS, ...claims].join('\n'))
      const flags = languageFlags(options.cwd, options.arch[0], options, clang)
      const how = [...flags, '-Werror', '-fsyntax-only', file]
      const done = await execa(clang.path, how, { reject: false })
      expect(done.stderr.split('\n').filter((line) => /: error: /.test(line))).toEqual([])
      expect(done.exitCode).toBe(0)
      expect(cut.stubs.length).toBeGreaterThan(0)
    }
    expect(names.filter((name) => !seen.has(name))).toEqual([])
  })
})

/** Each struct is cut away in some of them. */
const GROUPS = 3

interface Subject {
  readonly options: ResolvedOptions
  readonly text: string
  /** C by the names of structs and unions. */
  readonly assertions: ReadonlyMap<string, string>
  readonly structs: number
}

async function prepare(name: string, btf: () => Promise<Uint8Array>): Promise<Subject> {
  const bytes = await btf()
  const cwd = await mkdtemp(join(folder, `${name.replaceAll(/\W/g, '_')}-`))
  const vmlinux = join(cwd, 'kernel.btf')
  await writeFile(vmlinux, bytes)
  await writeFile(join(cwd, 'package.json'), '{}')
  const options = resolveOptions({ cwd, vmlinux, cache: join(cwd, 'cache') }, join(cwd, 'a.bpf.c'))
  const types = readBtf(bytes)
  const assertions = assertionsOf(types)
  return { options, text: vmlinuxText(types), assertions, structs: assertions.size }
}

async function precompiled(
  options: ResolvedOptions,
  clang: Clang,
  text: string,
): Promise<Precompiled> {
  const header = join(options.cwd, 'whole.h')
  await writeFile(header, text)
  const flags = languageFlags(options.cwd, options.arch[0], options, clang)
  const place = { folder: join(options.cwd, 'whole'), maxFiles: 8 }
  const made = await precompile({ headers: [header], content: 'whole', flags }, clang, place)
  if (!made) throw new Error(`clang does not precompile ${readdirSync(options.cwd).join(', ')}`)
  return made
}

const MACROS = `
#define SIZE(type, bytes) _Static_assert(sizeof(type) == bytes, "size of " #type);
#define AT(type, member, bytes) \\
	_Static_assert(__builtin_offsetof(type, member) == bytes, #member " of " #type);
`

/** What BTF says, as claims that the compiler checks, by the names that the header gives. */
function assertionsOf(btf: RawBtf): Map<string, string> {
  const dump = createDump(btf)
  const definitions = createDefinitions(dump)([...btf.table.starts.keys()].slice(1))
  // Names are given as definitions are asked for.
  expect([...definitions].length).toBeGreaterThan(0)
  const claims = new Map<string, string>()
  for (const [id, type] of btf.types.entries()) {
    if ((type.kind !== 'struct' && type.kind !== 'union') || type.name === '') continue
    if (holdsVaList(btf, id)) continue
    const name = `${type.kind} ${dump.names.tag(id)}`
    const members = offsets(btf, id, 0).map(([member, bytes]) => `AT(${name}, ${member}, ${bytes})`)
    claims.set(name, [`SIZE(${name}, ${type.size})`, ...members, ''].join('\n'))
  }
  return claims
}

/** `struct warn_args` alone: the compiler's own va_list is one thing on x86 and another in BPF programs. */
function holdsVaList(btf: RawBtf, id: number): boolean {
  const type = btf.types[id]
  switch (type?.kind) {
    case 'typedef':
      return type.name === '__builtin_va_list' || holdsVaList(btf, type.target)
    case 'const':
    case 'volatile':
    case 'type_tag':
      return holdsVaList(btf, type.target)
    case 'array':
      return holdsVaList(btf, type.element)
    case 'struct':
    case 'union':
      return type.members.some((member) => holdsVaList(btf, member.type))
    default:
      return false
  }
}

/** Members by name, those of nameless ones too, and their bytes. Bitfields have no address in C. */
function offsets(btf: RawBtf, id: number, start: number): [name: string, bytes: number][] {
  const type = btf.types[id]
  switch (type?.kind) {
    case 'const':
    case 'volatile':
    case 'type_tag':
      return offsets(btf, type.target, start)
    case 'struct':
    case 'union':
      return type.members.flatMap((member): [string, number][] => {
        if (member.bitSize > 0) return []
        const bits = start + member.bitOffset
        return member.name === '' ? offsets(btf, member.type, bits) : [[member.name, bits / 8]]
      })
    default:
      return []
  }
}

async function readRunning(): Promise<Uint8Array> {
  return readFile(RUNNING).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new Unavailable(`there is no ${RUNNING}`)
  })
}
