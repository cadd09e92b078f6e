import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { typeAt } from '../../src/btf/btf.ts'
import { readSourceInfo, type Declaration } from '../../src/dwarf/source-info.ts'
import { readElf } from '../../src/elf/elf.ts'
import { stripDebug } from '../../src/elf/strip.ts'
import { compiled } from './object-of.ts'

const isOwn = (file: string) => !file.endsWith('vmlinux.h')

const program = `#include "vmlinux.h"
#include "headers/event.h"

/* Levels. */
#define MAX_DEPTH 8

enum state { IDLE, /* nothing to do */ BUSY = 4 };
enum { ONLY_A = 1, ONLY_B };
enum unused_enum { NEVER = 9 };
typedef enum { IN_TYPEDEF } typedef_enum;
struct unused { int a; };
typedef struct { int q; } typedef_struct;
typedef struct unused alias;
typedef unsigned int number;
union either { int i; float f; };
struct used_in_sizeof { long l[3]; };

// Only this process.
const volatile int target_pid = 0;
static long hits;
extern int CONFIG_HZ;
struct {
	int (*type)[27];
} events __attribute__((section(".maps"), used)); // what happens

/* One pass. */
__attribute__((section("xdp"), used))
int on_packet(struct task_struct *task)
{
	struct local { int in_function; } local = { target_pid };
	struct event *e = (void *)task;
	static int inner;

	e->pid = sizeof(struct used_in_sizeof) + local.in_function + CONFIG_HZ + inner++ + ++hits;
	return task->parent->pid;
}
`

const files = {
  'program.bpf.c': program,
  'headers/event.h': `#pragma once
struct task_struct;
/* One event. */
struct event {
	unsigned long long ts; /* ns */
	int pid;
	union { int code; struct { short x, y; } at[2]; };
	struct list_head links;
	struct task_struct *task;
	const struct task_struct **chain;
};
#define EVENT_VERSION 2
`,
  'vmlinux.h': `#define FOREIGN_MACRO 1
enum foreign_enum { FOREIGN_CONSTANT };
struct list_head { struct list_head *next, *prev; };
struct mm_struct { long huge[4]; };
struct task_struct { int pid; struct task_struct *parent; struct mm_struct *mm; struct list_head children; };
struct foreign_unused { int a; };
`,
}

function read(flags?: readonly string[]) {
  const { elf, folder } = compiled(files, flags)
  return { info: readSourceInfo(elf, { isOwn }), folder, elf }
}

describe.each([['-gdwarf-5'], ['-gdwarf-4']])('with %s', (version) => {
  it('knows every own type, used or not, in the order of each file', () => {
    const { info } = read([version])
    expect(info.types.map(({ name }) => name).toSorted()).toEqual([
      '',
      'either',
      'event',
      'local',
      'state',
      'typedef_enum',
      'typedef_struct',
      'unused',
      'unused_enum',
      'used_in_sizeof',
    ])
    const lines = info.types
      .filter(({ place }) => place.file.endsWith('program.bpf.c'))
      .map(({ place }) => place.line)
    expect(lines).toEqual(lines.toSorted((a, b) => a - b))
  })

  it('keeps what pointers lead to out, unless it is own', () => {
    const { info } = read([version])
    const names = info.btf.types.filter(({ kind }) => kind === 'struct').map(({ name }) => name)
    expect(names).toContain('list_head')
    expect(names).not.toContain('task_struct')
    expect(names).not.toContain('mm_struct')
    expect(info.btf.types).toContainEqual({ kind: 'fwd', name: 'task_struct', fwdKind: 'struct' })
  })

  it('gives the constants of enums without a name', () => {
    const { info } = read([version])
    const nameless = info.types.find(({ name }) => name === '')
    expect(nameless && typeAt(info.btf, nameless.id)).toMatchObject({
      kind: 'enum',
      values: [
        { name: 'ONLY_A', value: 1 },
        { name: 'ONLY_B', value: 2 },
      ],
    })
  })

  it('gives the macros of own files', () => {
    const { info } = read([version])
    expect(info.macros.map(({ name, value, doc }) => [name, value, doc])).toEqual([
      ['EVENT_VERSION', 2, undefined],
      ['MAX_DEPTH', 8, 'Levels.'],
    ])
  })

  it('gives the place of everything, to the column of its name', () => {
    const { info, folder } = read([version])
    const named: [string, Declaration | undefined][] = [
      ...info.types
        .filter(({ name }) => name)
        .map((type): [string, Declaration] => [type.name, type]),
      ...info.macros.flatMap(({ name, place, doc }): [string, Declaration][] =>
        place ? [[name, { place, doc }]] : [],
      ),
      ...info.declarations,
    ]
    expect(named.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'target_pid',
        'hits',
        'CONFIG_HZ',
        'events',
        'on_packet',
        'IDLE',
        'BUSY',
        'ONLY_B',
        'NEVER',
        'IN_TYPEDEF',
        'event.ts',
        'event.code',
        'event.at',
        'event.at.y',
        'typedef_struct.q',
        'local.in_function',
      ]),
    )
    for (const [key, declaration] of named) {
      const { file = '', line = 0, column = 0 } = declaration?.place ?? {}
      const name = key.split('.').at(-1) ?? ''
      expect(file.startsWith(folder), key).toBe(true)
      const text = readFileSync(file, 'utf8').split('\n')[line - 1] ?? ''
      expect(text.slice(column - 1, column - 1 + name.length), key).toBe(name)
    }
  })

  it('leaves out what is foreign or local', () => {
    const { info } = read([version])
    for (const name of ['FOREIGN_CONSTANT', 'inner', 'e', 'task_struct.pid', 'list_head.next']) {
      expect(info.declarations.has(name), name).toBe(false)
    }
  })

  it('takes the comments around', () => {
    const { info } = read([version])
    const docs = Object.fromEntries(
      [...info.declarations].flatMap(([name, { doc }]) => (doc === undefined ? [] : [[name, doc]])),
    )
    expect(docs).toEqual({
      target_pid: 'Only this process.',
      events: 'what happens',
      on_packet: 'One pass.',
      IDLE: 'nothing to do',
      'event.ts': 'ns',
    })
    expect(info.types.find(({ name }) => name === 'event')?.doc).toBe('One event.')
  })
})

it('places files in the folder that is given, where the object names none', () => {
  const { elf, folder } = compiled(files, [
    '-fdebug-compilation-dir=.',
    '-fdebug-prefix-map=/tmp/=./x/',
  ])
  const seen = new Set<string>()
  readSourceInfo(elf, { isOwn: (file) => (seen.add(file), false), directory: '/else/where' })
  expect([...seen].every((file) => file.startsWith('/'))).toBe(true)
  expect([...seen].some((file) => file.startsWith('/else/where/'))).toBe(true)
  expect([...seen].some((file) => file.startsWith(folder))).toBe(false)
})

it('does without sources that cannot be read', () => {
  const { elf } = compiled(files)
  const info = readSourceInfo(elf, { isOwn, readFile: () => undefined })
  const event = info.types.find(({ name }) => name === 'event')
  expect(event?.place).toMatchObject({ line: 4 })
  expect(event?.place).not.toHaveProperty('column')
  expect(event).not.toHaveProperty('doc')
  expect(info.declarations.get('event.pid')?.place.line).toBe(6)
})

it('reads sources through the reader that is given', () => {
  const { elf, folder } = compiled(files)
  const asked = new Set<string>()
  const info = readSourceInfo(elf, {
    isOwn,
    readFile: (file) => {
      asked.add(file)
      return '\n\n// Another text.\nstruct event\n'
    },
  })
  expect([...asked].toSorted()).toEqual([
    join(folder, 'headers/event.h'),
    join(folder, 'program.bpf.c'),
  ])
  expect(info.types.find(({ name }) => name === 'event')?.doc).toBe('Another text.')
})

it('is empty for an object without DWARF', () => {
  const { bytes } = compiled(files)
  const info = readSourceInfo(readElf(stripDebug(bytes)), { isOwn })
  expect(info).toEqual({
    btf: { types: [{ kind: 'void', name: '' }], littleEndian: true, pointerSize: 8 },
    types: [],
    macros: [],
    declarations: new Map(),
  })
})
