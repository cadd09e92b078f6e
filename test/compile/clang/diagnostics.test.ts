import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { frame } from '../../../src/compile/clang/diagnostics.ts'
import { parseDiagnostics } from '../../../src/compile/clang/parse-diagnostics.ts'
import { compile, type Diagnostic, formatDiagnostic } from '../../../src/compile/compile.ts'
import { type Files, project, xdp } from '../project.ts'

async function diagnose(
  files: Files,
  cflags: string[] = [],
): Promise<{ folder: string; file: string; diagnostics: readonly Diagnostic[]; text: string }> {
  const folder = project(files)
  const file = join(folder, 'a.bpf.c')
  const { diagnostics, object } = await compile(file, { cflags })
  expect(object === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'))
  return { folder, file, diagnostics, text: diagnostics.map(formatDiagnostic).join('\n') }
}

describe('what clang says of a source', () => {
  test('an error has its place, source line and notes', async () => {
    const { diagnostics, file } = await diagnose({
      'a.bpf.c': 'struct s { int member; };\nint f(struct s *s) { return s->membr; }\n',
    })
    expect(diagnostics).toEqual([
      {
        severity: 'error',
        message: "no member named 'membr' in 'struct s'; did you mean 'member'?",
        file,
        line: 2,
        column: 32,
        endColumn: 37,
        sourceLine: 'int f(struct s *s) { return s->membr; }',
        fixits: [{ file, line: 2, column: 32, endLine: 2, endColumn: 37, text: 'member' }],
        includedFrom: [],
        notes: [
          {
            message: "'member' declared here",
            file,
            line: 1,
            column: 16,
            endColumn: 22,
            sourceLine: 'struct s { int member; };',
          },
        ],
      },
    ])
  })

  test('a warning has its flag and leaves an object', async () => {
    const { diagnostics, text, file } = await diagnose({ 'a.bpf.c': xdp('int x; return 2;') }, [
      '-Wunused-variable',
    ])
    expect(diagnostics).toMatchObject([{ severity: 'warning', flag: '-Wunused-variable' }])
    expect(text).toBe(
      `${file}:6:6: warning: unused variable 'x' [-Wunused-variable]\n6 | \tint x; return 2;\n  | \t    ^`,
    )
  })

  test('no warnings that the user did not ask for', async () => {
    const { diagnostics } = await diagnose({ 'a.bpf.c': xdp('int x; return 2;') })
    expect(diagnostics).toEqual([])
  })

  test('in a header: how it came to be read, innermost first', async () => {
    const { diagnostics, folder, file, text } = await diagnose({
      'a.bpf.c': '\n#include "sub/b.h"\n',
      'sub/b.h': '#include "c.h"\n',
      'sub/c.h': 'int x = y;\n',
    })
    expect(diagnostics).toMatchObject([
      {
        file: join(folder, 'sub/c.h'),
        line: 1,
        column: 9,
        includedFrom: [
          { file: join(folder, 'sub/b.h'), line: 1 },
          { file, line: 2 },
        ],
      },
    ])
    expect(text).toContain(
      `${join(folder, 'sub/c.h')}:1:9: error: use of undeclared identifier 'y'`,
    )
    expect(text).toContain(`${file}:2: note: included from here`)
  })

  test('a missing semicolon is a fix-it that inserts', async () => {
    const { diagnostics, text, file } = await diagnose({ 'a.bpf.c': 'int f(void) { return 1 }\n' })
    expect(diagnostics[0]?.fixits).toMatchObject([{ column: 23, endColumn: 23, text: ';' }])
    expect(text).toContain(`${file}:1:23: fix: insert ';'`)
  })

  test('inside a macro: the use, and a note at the definition', async () => {
    const { diagnostics } = await diagnose({
      'a.bpf.c': '#define BAD(x) ((x) + nope)\nint f(int a) { return BAD(a); }\n',
    })
    expect(diagnostics).toMatchObject([
      {
        line: 2,
        column: 23,
        notes: [{ message: "expanded from macro 'BAD'", line: 1, column: 23 }],
      },
    ])
  })

  test('what is meant may be more than a word', async () => {
    const source = 'struct s { int a; };\nint f(void) { return (struct s){1}; }\n'
    const { text } = await diagnose({ 'a.bpf.c': source })
    expect(text).toContain(`  | ${' '.repeat(21)}^~~~~~~~~~~~~\n`.trimEnd())
  })

  test('text that looks like a message is not taken for one', async () => {
    const { diagnostics } = await diagnose({
      'a.bpf.c':
        'int x = "\nerror: y"; // b.c:1:2: error: z\nerror: oops(); // a.c:3:3: error: w\n',
    })
    expect(diagnostics.every(({ message }) => !/^[yzw]$|^oops/.test(message))).toBe(true)
  })

  test('columns are bytes, marks are characters', async () => {
    const { diagnostics, text } = await diagnose({ 'a.bpf.c': 'int ä = ö;\n' })
    expect(diagnostics).toMatchObject([{ column: 10, endColumn: 12 }])
    expect(text).toContain('1 | int ä = ö;\n  |         ^')
  })

  test('every error is told, in order', async () => {
    const lines = Array.from({ length: 30 }, (_, line) => `int a${line} = b${line};`).join('\n')
    const { diagnostics } = await diagnose({ 'a.bpf.c': lines })
    expect(diagnostics.map(({ line }) => line)).toEqual(diagnostics.map((_, index) => index + 1))
  })
})

describe('what has no place in the source', () => {
  test('a flag that clang refuses', async () => {
    const { text, file } = await diagnose({ 'a.bpf.c': xdp() }, ['-fno-such-flag'])
    expect(text).toBe(`${file}: error: unknown argument: '-fno-such-flag'`)
  })

  test("the backend's errors keep what place they have", async () => {
    const { diagnostics, text } = await diagnose({
      'a.bpf.c': xdp(
        'volatile char big[600]; for (int i = 0; i < 600; i++) big[i] = i; return big[(long)ctx & 511];',
      ),
    })
    expect(diagnostics[0]).toMatchObject({ severity: 'error', line: 6 })
    expect(text).toMatch(/BPF stack limit is exceeded/)
    expect(text).toContain('512 bytes of stack')
  })

  test("a crash of clang's backend is one error, without its stack", async () => {
    const { diagnostics, file, text } = await diagnose({
      'a.bpf.c': '__int128 f(__int128 a, __int128 b) { return a / b; }',
    })
    expect(diagnostics).toHaveLength(1)
    expect(text).toMatch(`${file}: error: error in backend: `)
  })
})

describe('advice', () => {
  test.each([
    ['#include <bpf/bpf_no_such.h>', 'apt install libbpf-dev'],
    ['#include <linux/no_such.h>', 'apt install linux-libc-dev'],
    ['#include <bpf/bpf_helpers.h>', 'include "vmlinux.h" or <linux/bpf.h> before'],
  ])('for %s', async (source, advice) => {
    const { text } = await diagnose({ 'a.bpf.c': `${source}\n` })
    expect(text).toContain(advice)
    expect(text.split(advice)).toHaveLength(2)
  })

  test("for a header of the C library's, where gcc-multilib is not installed", async () => {
    const source = '#include <gnu/stubs-32.h>\n'
    const { text } = await diagnose({ 'a.bpf.c': source }, ['-nostdinc'])
    expect(text).toContain('defines: { __x86_64__: true }')
  })
})

test('the form of clang 14 to 16: source lines without a margin', () => {
  const source = join(project({ 'a.bpf.c': '\terror:  b.c:1:2: error: y;\n' }), 'a.bpf.c')
  const stderr = [
    'a.bpf.c:1:2:{1:2-1:7}: error: odd [-Werror,-Wodd]',
    '        error:  b.c:1:2: error: y;',
    '        ^~~~~',
    'fix-it:"a.bpf.c":{1:2-1:7}:"\\303\\266\\t\\"x\\""',
    'clang-14: warning: argument unused [-Wunused-command-line-argument]',
    'error: <unknown>:0:0: in function f i32 (ptr): too many args',
    'clang-14: error: unable to execute command: Killed',
    '1 error generated.',
  ].join('\r\n')
  const place = { file: source, line: 1, column: 2, endColumn: 7 }
  expect(parseDiagnostics(stderr, dirname(source), source)).toMatchObject([
    { ...place, message: 'odd', flag: '-Werror,-Wodd', fixits: [{ text: 'ö\t"x"' }] },
    { severity: 'warning', file: source, flag: '-Wunused-command-line-argument' },
    { message: '<unknown>:0:0: in function f i32 (ptr): too many args', file: source },
    { severity: 'error', message: 'unable to execute command: Killed' },
  ])
})

test('a frame keeps tabs before the mark', () => {
  const note = { message: '', line: 12, column: 3, endColumn: 6, sourceLine: '\t\tabc = 1;' }
  expect(frame(note)).toEqual(['12 | \t\tabc = 1;', '   | \t\t^~~'])
})
