import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { findClang } from '../../../src/compile/clang/find-clang.ts'
import {
  reachableFrom,
  minimiseHeader,
  definitionsNamed,
  readHeader,
  STUB,
  wordsOf,
} from '../../../src/compile/vmlinux/minimise-header.ts'
import { project } from '../project.ts'

const text = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif

typedef unsigned int u32;

struct far;

struct near;

struct list {
	struct list *next;
};

struct inner {
	u32 a;
} __attribute__((packed));

typedef struct inner inner_t;

typedef inner_t inner_pair_t[2];

typedef struct {
	struct list list;
	inner_pair_t pair;
} anonymous_t;

union number {
	u32 number;
	struct {
		struct list at;
	};
};

struct outer {
	anonymous_t by_typedef;
	union number numbers[3];
	struct far *far;
	int (*function)(struct far *, struct near);
	unsigned int bits: 3;
};

struct far {
	long long wide;
	char bytes[9];
};

struct near {
	struct far *far;
};

struct unspoken {
	struct near *near;
};

struct empty {};

struct zero {
	struct far none[0];
};

struct constants {
	enum {
		SEEN_OUTSIDE = 1,
	} value;
};

struct tagged {
	struct also_outside {
		int a;
	} value;
};

struct conditional {
#ifdef SOME
	int a;
#endif
};

typedef struct named {
	int a;
} named_t;

extern void function(struct zero *) __attribute__((weak));

#pragma clang attribute pop
`
const header = readHeader(text)
const cutTo = (...names: string[]): string => {
  const { print, stubs } = minimiseHeader(header, reachableFrom(names, header))
  return print(new Map(stubs.map((stub, index) => [stub, { size: index * 8, align: 8 }])))
}
const stubsIn = (cut: string): string[] =>
  Array.from(cut.matchAll(new RegExp(`^(\\w+ \\w+) \\{ const char ${STUB}`, 'gm')), ([, name]) =>
    String(name),
  )

describe('what C must see whole', () => {
  test.each([
    [
      'by value, through typedefs and arrays',
      'struct outer',
      ['struct inner', 'struct list', 'anonymous_t', 'union number'],
    ],
    ['an argument of a pointer to a function', 'struct outer', ['struct near']],
    ['by typedef', 'inner_pair_t', ['inner_t', 'struct inner']],
  ])('%s', (_, name, contained) => {
    const closed = reachableFrom([name], header)
    for (const each of [name, ...contained]) expect(closed).toContain(each)
    expect(closed).not.toContain('struct far')
  })

  test('is what words name, also those of loops over the kernel’s lists', () => {
    const words = wordsOf('struct near x; bpf_for_each(task, task) ; inner_t y; other(named);')
    const loops = readHeader('struct bpf_iter_task {\n\tint a;\n};\n')
    expect([...definitionsNamed(words, header)].toSorted()).toEqual([
      'inner_t',
      'struct named',
      'struct near',
    ])
    expect([...definitionsNamed(words, loops)]).toEqual(['struct bpf_iter_task'])
  })
})

describe('a cut header', () => {
  test('has whole what is needed, stubs of what is spoken of, nothing else', () => {
    const cut = cutTo('struct outer')
    expect(stubsIn(cut)).toEqual(['struct far', 'struct zero'])
    expect(cut).toContain('struct outer {\n\tanonymous_t by_typedef;')
    expect(cut).not.toContain('struct unspoken')
    expect(cut).toContain('struct near {\n')
  })

  test.each([
    'SEEN_OUTSIDE = 1',
    'struct also_outside {',
    '#ifdef SOME',
    'struct empty {}',
    'typedef struct named {',
  ])('keeps what it does not know: %s', (kept) => expect(cutTo()).toContain(kept))

  test('keeps the lines of all else', () => {
    const lines = text.split('\n')
    const cut = cutTo('struct near').split('\n')
    expect(cut).toHaveLength(lines.length)
    for (const line of [
      'extern void',
      'typedef inner_t',
      'struct near {',
      'typedef struct named',
    ]) {
      const at = lines.findIndex((other) => other.startsWith(line))
      expect(cut[at]).toBe(lines[at])
    }
  })

  test.each([[[]], [['struct outer']], [['union number', 'named_t']]])(
    'is C: %s',
    async (names) => {
      const folder = project({ 'cut.h': cutTo(...names) })
      const { path } = await findClang(undefined, folder)
      const flags = ['-target', 'bpf', '-fsyntax-only', '-Werror', '-x', 'c', '-Wno-gnu']
      execFileSync(path, [...flags, join(folder, 'cut.h')], { stdio: 'pipe' })
    },
  )
})
