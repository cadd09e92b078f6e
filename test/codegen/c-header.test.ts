import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { cHeader } from '../../src/codegen/c-header.ts'
import { readObject } from '../../src/object/read-object.ts'
import { objectOf } from '../elf/object-of.ts'
import { PRELUDE, project } from './project.ts'

function headerOf(source: string): string {
  const bytes = objectOf(PRELUDE + source)
  return cHeader(readObject(bytes, { name: 'test_bpf' }), bytes)
}

/** What the globals of a program are, and C of user space that uses them. */
const PROGRAMS: readonly [what: string, source: string, use?: string][] = [
  [
    'a typedef of a struct behind a pointer',
    'typedef struct info { int a; } info_t; info_t *p;',
    'info_t *it = s->bss->p; (void)it;',
  ],
  [
    'behind a pointer to a pointer, and in an array of them',
    'typedef struct info { int a; } info_t; info_t **pp; info_t *list[3]; info_t *const *volatile cv;',
    'info_t *it = s->bss->list[2]; (void)it;',
  ],
  [
    'behind a typedef of a pointer',
    'typedef struct info { int a; } info_t; typedef info_t *info_p; typedef info_p *info_pp; info_pp p;',
    'info_pp it = s->bss->p; (void)it;',
  ],
  [
    'in functions: results, parameters by value and by pointer',
    `typedef struct info { int a; } info_t; typedef union both { int a; } both_t;
     typedef both_t *(*visit_t)(info_t *, info_t, struct other *); visit_t visit; int (*plain)(both_t **);`,
    'visit_t it = s->bss->visit; (void)it;',
  ],
  ['a struct behind a pointer', 'struct info; struct info *p; struct info *(*fn)(struct info *);'],
  [
    'a typedef of an integer behind a pointer',
    'typedef unsigned int number_t; number_t *p; typedef number_t row_t[4]; row_t *rows;',
    'number_t *it = s->bss->p; (void)it;',
  ],
  [
    'a typedef of an enum behind a pointer',
    'typedef enum { UP, DOWN } way_t; way_t *p; enum named { IN }; enum named *q;',
    'way_t *it = s->bss->p; (void)(it && *it == UP); (void)IN;',
  ],
  [
    'a list that refers to itself by its typedef',
    'typedef struct node node_t; struct node { node_t *next; struct node *back; }; node_t first; node_t *last;',
    'node_t *it = s->bss->first.next; (void)it;',
  ],
  [
    'behind pointers in a struct without a name',
    `typedef struct info { int a; } info_t; struct { info_t *p; struct { info_t **deep; }; } holder;
     struct { info_t *p; } *behind;`,
    'info_t *it = s->bss->holder.p; (void)it;',
  ],
  [
    'members named as their types',
    `typedef enum { UP, DOWN } direction; typedef struct { direction direction; } packet; typedef long count;
     direction direction_of[2]; packet packet_of; count *counts;
     struct outer { packet packet; count count, *more; count (*fn)(count count); } outer;`,
    'direction it = s->bss->outer.packet.direction; (void)(it == UP);',
  ],
  [
    'globals named as their types',
    'typedef enum { UP, DOWN } way_t; struct direction { int a; }; struct direction direction; way_t way;',
    'struct direction it = s->bss->direction; (void)it;',
  ],
]

describe.each([
  ['gcc', 'c'],
  ['g++', 'c++'],
] as const)('the C header through %s', (command, language) => {
  const isThere = spawnSync(command, ['--version']).status === 0
  const title = isThere ? '' : ` (skipped: there is no ${command})`

  it.skipIf(!isThere).each(PROGRAMS)(`takes %s${title}`, (_, source, use = '') => {
    const folder = project({})
    writeFileSync(join(folder, 'test.skel.h'), headerOf(source))
    const user = `#include "test.skel.h"
int main(void)
{
	struct test_bpf *s = test_bpf__open_and_load();
	if (!s)
		return 1;
	{ ${use} }
	test_bpf__destroy(s);
	return 0;
}
`
    writeFileSync(join(folder, 'user.c'), user)
    const words = ['-x', language, '-fsyntax-only', '-Wall', '-Wextra', '-Werror', 'user.c']
    const done = spawnSync(command, words, { cwd: folder, encoding: 'utf8' })
    expect(done.stderr).toBe('')
    expect(done.status).toBe(0)
  })
})

describe('the C header', () => {
  it('has the struct as bpftool prints it, and for C++ once more where a type must be qualified', () => {
    const header = headerOf(
      'typedef enum { UP, DOWN } direction; struct packet { direction direction; } packet;',
    )
    expect(header).toContain('#ifndef __cplusplus\nstruct packet {\n\tdirection direction;\n};\n')
    expect(header).toContain('#else\nstruct packet {\n\t::direction direction;\n};\n#endif\n')
  })

  it('has it once where it need not', () => {
    expect(headerOf('typedef int number_t; number_t number;')).not.toContain('#ifndef __cplusplus')
  })
})
