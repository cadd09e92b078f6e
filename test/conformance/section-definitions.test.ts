import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { sectionDefinitions } from '../../src/object/section-definitions.ts'
import { attachTypeNumbers } from '../../src/uapi/attach-type-names.ts'
import { mapTypes } from '../../src/uapi/map-type.ts'
import { progTypes } from '../../src/uapi/prog-type.ts'
import { linuxSource } from '../debian/linux-source.ts'
import { Unavailable } from '../debian/unavailable.ts'

interface Source {
  readonly libbpf: string
  readonly header: string
}

async function source(skip: (why: string) => never): Promise<Source> {
  try {
    const tools = join(await linuxSource('7.3'), 'tools')
    const [libbpf = '', header = ''] = await Promise.all(
      ['lib/bpf/libbpf.c', 'include/uapi/linux/bpf.h'].map((path) =>
        readFile(join(tools, path), 'utf8'),
      ),
    )
    return { libbpf, header }
  } catch (error) {
    if (error instanceof Unavailable)
      return skip(`Linux 7.3's source is not to be had: ${error.message}`)
    throw error
  }
}

/** The names of an enum, by number, as they were before they were deprecated; without aliases and the count at the end. */
function enumOf(header: string, name: string): string[] {
  const body = new RegExp(`^enum ${name} \\{([^}]*)\\}`, 'm').exec(header)?.[1] ?? ''
  const names = body.replaceAll(/\/\*[\s\S]*?\*\//g, '').matchAll(/^\s*(\w+),/gm)
  return Array.from(names, ([, name = '']) => name.replace(/_DEPRECATED$/, ''))
}

it("sections are libbpf's of Linux 7.3", async ({ skip }) => {
  const { libbpf } = await source(skip)
  const rows = libbpf.matchAll(
    /^\tSEC_DEF\("([^"]+)",\s*(\w+),\s*(\w+),\s*([^,)]+)(?:,\s*(\w+))?\)/gm,
  )
  const theirs = Array.from(rows, ([, name, type, attachType, flags = '', attach]) => ({
    name,
    type,
    attachType: attachType === '0' ? undefined : attachType,
    sleepable: flags.includes('SEC_SLEEPABLE'),
    fragments: flags.includes('SEC_XDP_FRAGS'),
    attaches: attach !== undefined,
  }))
  const ours = Array.from(sectionDefinitions, ([name, definition]) => ({
    name,
    type: definition.type,
    attachType: definition.attachType,
    sleepable: definition.sleepable ?? false,
    fragments: definition.fragments ?? false,
    attaches: definition.attachedBy !== undefined,
  }))
  expect(theirs.length).toBeGreaterThan(100)
  expect(ours.toSorted(byName)).toEqual(theirs.toSorted(byName))
})

const named = (prefix: string, names: readonly string[]): string[] =>
  names.map((name) => `${prefix}${name.toUpperCase()}`)

const byName = (a: { name?: string }, b: { name?: string }): number =>
  (a.name ?? '').localeCompare(b.name ?? '')

it("the numbers of program, attach and map types are the header's of Linux 7.3", async ({
  skip,
}) => {
  const { header } = await source(skip)
  expect(named('BPF_PROG_TYPE_', progTypes)).toEqual(enumOf(header, 'bpf_prog_type'))
  const attachTypes = enumOf(header, 'bpf_attach_type').map((name, number) => [name, number])
  expect([...attachTypeNumbers]).toEqual(attachTypes)
  expect(named('BPF_MAP_TYPE_', mapTypes)).toEqual(enumOf(header, 'bpf_map_type'))
})
