/** `gen skeleton --lang c` has bpftool's `struct NAME { … }`, token for token. */
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterAll } from 'vitest'

import { cHeader } from '../../src/codegen/c-header.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { readObject } from '../../src/object/read-object.ts'
import { conforms, each, type Verdict } from './conforms.ts'
import { firstDifference } from './first-difference.ts'
import { asOlder, isBeyondOlder } from './older-bpftool.ts'
import { bpftool, oracle } from './oracle.ts'
import { isRefusal } from './refusal.ts'

const NAME = 'program_bpf'

const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
afterAll(() => rm(folder, { recursive: true }))

conforms('struct NAME of the C skeleton', each(compareStructs))

async function compareStructs(path: string): Promise<Verdict> {
  const theirs = await bpftool('gen', 'skeleton', path, 'name', NAME)
  const ours = header(await readFile(path))
  const { isOlder } = await oracle()
  if (isOlder && isBeyondOlder(ours.text ?? '', theirs.error)) return 'passed over'
  if (theirs.text === undefined) {
    if (ours.text === undefined) return 'refused'
    return { difference: `bpftool refuses it: ${firstLine(theirs.error)}` }
  }
  if (ours.text === undefined) return { difference: `it is refused: ${ours.error}` }
  const [wanted, got] = [theirs.text, ours.text].map((text) => structTokens(text, isOlder))
  return compare(wanted ?? [], got ?? [], ' ')
}

conforms('C skeleton of what is left without DWARF', each(compareStripped))

async function compareStripped(path: string): Promise<Verdict> {
  const stripped = join(folder, basename(path))
  await writeFile(stripped, stripDebug(await readFile(path)))
  const [before, after] = await Promise.all(
    [path, stripped].map((file) => bpftool('gen', 'skeleton', file, 'name', NAME)),
  )
  await rm(stripped)
  if (before?.text === undefined) return 'refused'
  return compare(withoutObject(before.text), withoutObject(after?.text ?? ''), '\n')
}

function header(bytes: Uint8Array): { text?: string; error?: string } {
  try {
    return { text: cHeader(readObject(bytes, { name: NAME }), new Uint8Array()) }
  } catch (error) {
    if (isRefusal(error)) return { error: error.message }
    throw error
  }
}

/** From `struct NAME {` to its members for C++, which are functions. */
function structTokens(header: string, isOlder: boolean): string[] {
  const start = header.indexOf(`\nstruct ${NAME} {`)
  const end = header.indexOf('#ifdef __cplusplus', start)
  const text = header.slice(start, end).replaceAll(/\/\*[^]*?\*\//gu, ' ')
  return (isOlder ? asOlder(text) : text).match(/\w+|[^\s\w]/gu) ?? []
}

/** The embedded object is what may differ. */
function withoutObject(header: string): string[] {
  return header
    .replace(/\*sz = \d+/u, '')
    .replace(/"\\\n(\\x|\\0)[^]*?";\n/u, '')
    .split('\n')
}

function compare(wanted: string[], got: string[], glue: string): Verdict {
  const difference = firstDifference(wanted, got, { around: glue === ' ' ? 6 : 0, glue })
  return difference === undefined ? 'equal' : { difference }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? ''
}
