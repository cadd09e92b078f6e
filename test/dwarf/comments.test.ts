import { describe, expect, it } from 'vitest'

import { findDeclarator, findOnLine, parseCSource } from '../../src/dwarf/c-source.ts'
import { documentation, type Role } from '../../src/dwarf/comments.ts'

/** The documentation of the one declaration of `name` in the text. */
function docOf(text: string, role: Role, name = 'it'): string | undefined {
  const source = parseCSource(text)
  const find = role === 'type' ? findOnLine : findDeclarator
  for (let line = 1; line <= text.split('\n').length; line++) {
    const index = find(source, line, name)
    if (index !== undefined) return documentation(source, index, role)
  }
  throw new Error(`no ${name} in the text`)
}

describe('the comment above', () => {
  it.each<[string, Role, string, string | undefined]>([
    ['a block', 'variable', '/* One. */\nint it;', 'One.'],
    ['a block before it on its line', 'variable', '/* One. */ int it;', 'One.'],
    ['lines', 'variable', '// One\n// two.\nint it;', 'One\ntwo.'],
    ['lines with an empty one between', 'variable', '// One\n//\n// two.\nint it;', 'One\n\ntwo.'],
    ['only the lines next to it', 'variable', '// Other.\n\n// One.\nint it;', 'One.'],
    ['only the last block', 'variable', '/* Other. */\n/* One. */\nint it;', 'One.'],
    ['none past an empty line', 'variable', '/* Other. */\n\nint it;', undefined],
    ['none of the declaration before', 'variable', 'int other; /* Other. */\nint it;', undefined],
    [
      'none of the aligned lines of that',
      'variable',
      'int other; // Other,\n           // more.\nint it;',
      undefined,
    ],
    [
      'above attributes and macros',
      'function',
      '/* One. */\nSEC("xdp")\n__attribute__((used))\nint it(void *ctx)\n{\n}',
      'One.',
    ],
    ['between them', 'function', 'SEC("xdp")\n/* One. */\nint it(void *ctx) {}', 'One.'],
    [
      'the function in a macro',
      'function',
      '/* One. */\nSEC("tp_btf/x")\nint BPF_PROG(it, struct task_struct *task)\n{}',
      'One.',
    ],
    [
      'not of the function before',
      'function',
      '/* Other. */\nint other(void)\n{\n\treturn 0;\n}\nint it(void)\n{}',
      undefined,
    ],
    [
      'behind a function',
      'function',
      'int other(void) { return 0; }\n/* One. */\nint it(void) {}',
      'One.',
    ],
    [
      'a map, above its struct',
      'variable',
      '/* One. */\nstruct {\n\t/* inner */\n\t__uint(type, 1);\n} it SEC(".maps");',
      'One.',
    ],
    [
      'a map with packed struct',
      'variable',
      '/* One. */\nstruct __attribute__((packed)) {\n\tint a;\n} it;',
      'One.',
    ],
    ['a typedef', 'type', '/* One. */\ntypedef struct {\n\tint a; /* inner */\n} it;', 'One.'],
    ['a tag', 'type', '/* One. */\nstruct it {\n\tint a;\n};', 'One.'],
    [
      'a packed tag',
      'type',
      '/* One. */\nstruct __attribute__((packed)) it {\n\tint a;\n};',
      'One.',
    ],
    ['an initialised variable', 'variable', '/* One. */\nint other[] = { 1, 2 }, it = 3;', 'One.'],
    ['a member', 'member', 'struct s {\n\t/* One. */\n\tint it;\n};', 'One.'],
    [
      'a member behind a nested struct',
      'member',
      'struct s {\n\t/* One. */\n\tstruct {\n\t\tint a; // inner\n\t} it[2];\n};',
      'One.',
    ],
    ['a function pointer', 'member', 'struct s {\n\t/* One. */\n\tint (*it)(int a);\n};', 'One.'],
    ['a constant', 'constant', 'enum e {\n\tOTHER,\n\t/* One. */\n\tit,\n};', 'One.'],
    ['not the one before', 'constant', 'enum e {\n\t/* Other. */\n\tOTHER,\n\tit,\n};', undefined],
    ['a macro', 'macro', '/* One. */\n#define it 1', 'One.'],
    ['not above another macro', 'macro', '/* Other. */\n#define OTHER 1\n#define it 1', undefined],
    ['the include before it', 'variable', '#include <x.h>\n/* One. */\nint it;', 'One.'],
    ['no licence', 'variable', '// SPDX-License-Identifier: MIT\nint it;', undefined],
    ['no copyright', 'variable', '/* Copyright (c) 2026 Somebody */\nint it;', undefined],
    ['no line of dashes', 'variable', '/* ------------- */\nint it;', undefined],
    ['text of #if 0', 'variable', "#if 0\ndon't {\n#endif\n/* One. */\nint it;", 'One.'],
    [
      'brackets of both branches',
      'function',
      '#ifdef A\nint f(int a) {\n#else\nint f(void) {\n#endif\n}\n/* One. */\nint it(void) {}',
      'One.',
    ],
    ['no comment in a string', 'variable', 'char other[] = "/* Other. */";\nint it;', undefined],
  ])('%s', (_name, role, text, doc) => {
    expect(docOf(text, role)).toBe(doc)
  })
})

describe('the comment behind', () => {
  it.each<[string, Role, string, string | undefined]>([
    ['a member', 'member', 'struct s {\n\tint it; /* One. */\n\tint b; /* Other. */\n};', 'One.'],
    ['a bitfield', 'member', 'struct s {\n\tint it : 3; // One.\n};', 'One.'],
    ['an array', 'member', 'struct s {\n\tchar it[MAX(1, 2)]; // One.\n};', 'One.'],
    ['two members', 'member', 'struct s {\n\tint it, b; /* Both. */\n};', 'Both.'],
    ['the second of two', 'member', 'struct s {\n\tint a, it; /* Both. */\n};', 'Both.'],
    ['one of two', 'member', 'struct s {\n\tint it, /* One. */\n\t    b; /* Other. */\n};', 'One.'],
    [
      'a nested struct',
      'member',
      'struct s {\n\tstruct {\n\t\tint a; // inner\n\t} it[2]; // One.\n};',
      'One.',
    ],
    [
      'a macro with the name inside',
      'member',
      'struct s {\n\tDECLARE(it, 64); // One.\n};',
      'One.',
    ],
    [
      'aligned lines',
      'member',
      'struct s {\n\tint it; // One\n\t        // and two.\n\tint b;\n};',
      'One\nand two.',
    ],
    ['not the next line', 'member', 'struct s {\n\tint it;\n\t// Other.\n\tint b;\n};', undefined],
    ['a constant', 'constant', 'enum e {\n\tit = 1, // One.\n\tB,\n};', 'One.'],
    ['the last constant', 'constant', 'enum e {\n\tA,\n\tit // One.\n};', 'One.'],
    ['constants in a line', 'constant', 'enum e { A, /* Other. */ it, /* One. */ C };', 'One.'],
    ['a variable', 'variable', 'int it = 3; // One.', 'One.'],
    ['a macro', 'macro', '#define it 8 /* One. */\n#define OTHER 1 /* Other. */', 'One.'],
    ['a macro by its own line', 'macro', '#define it 8 \\\n  + 1 // One.', 'One.'],
    ['not the next macro', 'macro', '#define it 8\n#define OTHER 1 /* Other. */', undefined],
    ['a brace', 'type', 'struct it { // One.\n\tint a;\n};', 'One.'],
    ['not a function', 'function', 'int it(void) { // inner\n}', undefined],
    ['Doxygen', 'member', 'struct s {\n\tint it; /**< One. */\n};', 'One.'],
    ['both', 'member', 'struct s {\n\t/* Above. */\n\tint it; // Behind.\n};', 'Above.\nBehind.'],
  ])('%s', (_name, role, text, doc) => {
    expect(docOf(text, role)).toBe(doc)
  })
})

describe('the text', () => {
  it.each([
    ['stars', '/*\n * One\n *\n *   two\n */', 'One\n\n  two'],
    ['no stars', '/* One\n   two\n     three */', 'One\ntwo\n  three'],
    ['JSDoc', '/** One.\n *  @see two */', 'One.\n@see two'],
    ['a list', '/*\n * * one\n * * two\n */', '* one\n* two'],
    ['CRLF', '/*\r\n * One\r\n * two\r\n */', 'One\ntwo'],
    ['three slashes', '/// One', 'One'],
    ['an end of comment', '// a */ b', 'a * / b'],
    ['many ends', '// a **//*/ */', 'a ** //* / * /'],
    ['control characters', '// a\u0000\u001bb\tc', 'ab    c'],
    ['other letters', '// 名前', '名前'],
    ['emphasis', '// *one* two', '*one* two'],
  ])('is free of %s', (_name, comment, doc) => {
    expect(docOf(`${comment}\nint it;`, 'variable')).toBe(doc)
  })
})
