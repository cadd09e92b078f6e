import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { readBtf } from '../../../src/btf/btf.ts'
import { dumpC } from '../../../src/btf/dump-c.ts'
import { canonicaliseBtf } from '../../../src/compile/canonical-btf/canonical-order.ts'
import { findClang } from '../../../src/compile/clang/find-clang.ts'
import { compile } from '../../../src/compile/compile.ts'
import { readElf } from '../../../src/elf/elf.ts'
import { project } from '../project.ts'

/** Structs and unions behind the pointers of a member: clang's BTF only declares them. */
const names = Array.from({ length: 200 }, (_, index) => `t${(index * 7919) % 1000}_${index}`)
const kindOf = (index: number): string => (index % 5 ? 'struct' : 'union')
const pointers = `
#include "h.h"
${names.map((name, index) => `${kindOf(index)} ${name} { int a; };`).join('\n')}
struct holder {
${names.map((name, index) => `${kindOf(index)} ${name} *p${index};`).join('\n')}
} global;
int f(struct holder *holder) { return holder == &global; }
`

/** Some behind tags, as kptrs are; `known` is in BTF anyway. */
const tagged = `
#define kptr __attribute__((btf_type_tag("kptr")))
#define percpu __attribute__((btf_type_tag("percpu")))
${names.map((name, index) => `${kindOf(index)} ${name} { int a; };`).join('\n')}
struct known { int a; } known;
struct holder {
struct known kptr *known;
${names.map((name, index) => `${kindOf(index)} ${name} ${['', 'kptr', 'percpu kptr'][index % 3]} *p${index}, kptr *q${index};`).join('\n')}
} global;
`

/** As many of one name as functions. */
const twins = Array.from(
  { length: 200 },
  (_, index) => `
void *f${index}(void) {
  struct twin { char of[${index + 1}]; };
  static struct holder${index} { struct twin *p; } global;
  return &global;
}`,
).join('')

/** What clang itself makes of it. */
async function inSeveralFolders(source: string): Promise<Uint8Array[]> {
  const { path } = await findClang(undefined, project())
  return [1, 20, 40, 60, 80, 100, 120].map((depth) => {
    const name = 'd'.repeat(depth)
    const cwd = join(project({ [`${name}/a.c`]: source, [`${name}/h.h`]: '' }), name)
    const flags = ['-O2', '-g', '-target', 'bpf', '-fdebug-compilation-dir=.', '-c', 'a.c']
    execFileSync(path, [...flags, '-o', 'a.o'], { cwd })
    return new Uint8Array(readFileSync(join(cwd, 'a.o')))
  })
}

function inOrder(object: Uint8Array): Uint8Array {
  const copy = object.slice()
  canonicaliseBtf(copy)
  return copy
}

const declared = (object: Uint8Array): string => dumpC(readBtf(btfOf(object)), { sort: true })

const distinct = (objects: readonly Uint8Array[]): number =>
  new Set(objects.map((object) => Buffer.from(object).toString('latin1'))).size

const btfOf = (object: Uint8Array): Uint8Array =>
  readElf(object).sections.find(({ name }) => name === '.BTF')?.data ?? new Uint8Array()

describe('equal sources give equal objects', () => {
  test('in any folder, DWARF and all', async () => {
    const objects: Uint8Array[] = []
    for (const depth of [1, 40, 90]) {
      const folder = `${'d'.repeat(depth)}/src`
      const root = project({
        [`${folder}/a.bpf.c`]: `${pointers}const char *file = __FILE__;`,
        [`${folder}/../inc/h.h`]: 'struct unused { int x; };\nconst char *header = __FILE__;',
      })
      const options = { cwd: join(root, folder), include: ['../inc'] }
      const { diagnostics, object = new Uint8Array() } = await compile('a.bpf.c', options)
      expect(diagnostics).toEqual([])
      objects.push(object)
    }
    expect(distinct(objects)).toBe(1)
  })

  test('with flags whose paths are the project’s', async () => {
    const objects = await Promise.all(
      ['x', 'longer/path'].map(async (folder) => {
        const cwd = join(
          project({
            [`${folder}/a.c`]: '#include <h.h>\n',
            [`${folder}/i/h.h`]: 'char *n = __FILE__;',
          }),
          folder,
        )
        const { object } = await compile('a.c', { cwd, cflags: ['-isystem', 'i'] })
        return object
      }),
    )
    expect(objects[0]).toBeDefined()
    expect(objects[0]).toEqual(objects[1])
  })
})

describe('the order of forward declarations', () => {
  test('is that of names, whatever clang’s was; nothing else changes', async () => {
    const raw = await inSeveralFolders(pointers)
    const ordered = raw.map(inOrder)
    expect(distinct(ordered)).toBe(1)

    const [before = new Uint8Array()] = raw
    const [after = new Uint8Array()] = ordered
    const forwardNames = readBtf(btfOf(after))
      .types.filter(({ kind }) => kind === 'fwd')
      .map(({ name }) => name)
    expect(forwardNames).toEqual(forwardNames.toSorted())
    expect(forwardNames.toSorted()).toEqual(names.toSorted())
    expect(declared(after)).toBe(declared(before))
  })

  test('of one name is that of what refers to them', async () => {
    const raw = await inSeveralFolders(twins)
    expect(distinct(raw.map(inOrder))).toBe(1)
  })

  test('is followed by the type tags that stand among them', async () => {
    const raw = await inSeveralFolders(tagged)
    const ordered = raw.map(inOrder)
    expect(distinct(ordered)).toBe(1)

    const [before = new Uint8Array()] = raw
    const [after = new Uint8Array()] = ordered
    const kinds = readBtf(btfOf(after)).types.map(({ kind }) => kind)
    expect(kinds.slice(kinds.indexOf('fwd'), kinds.indexOf('type_tag'))).not.toContain('type_tag')
    expect(kinds.slice(kinds.indexOf('type_tag'))).not.toContain('fwd')
    expect(declared(after)).toBe(declared(before))
  })
})
