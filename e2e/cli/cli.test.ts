import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const exec = promisify(execFile)
const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unplugin-bpf-cli-'))
  await writeFile(join(folder, 'package.json'), '{}')
  await writeFile(join(folder, 'tsconfig.json'), '{}')
  await writeFile(
    join(folder, 'limits.h'),
    '#define LIMIT 8\nstruct limit { __u32 soft; __u32 hard; };\n',
  )
  await writeFile(join(folder, 'guard.bpf.c'), guard)
  await writeFile(join(folder, 'bitcode.o'), Buffer.from('4243c0de3514000005000000', 'hex'))
  await writeFile(
    join(folder, 'named.bpf.c'),
    '__attribute__((section("xdp"))) int xdp(void *ctx) { return 1; }\n',
  )
  await writeFile(join(folder, 'broken.bpf.c'), 'int one = 1;\nint two = one +;\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const guard = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "limits.h"

#ifndef ENTRIES
#define ENTRIES 16
#endif

/* What a user may have. */
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, ENTRIES);
	__type(key, __u32); __type(value, struct limit); } limits SEC(".maps");
const volatile _Bool strict = 1;
__u64 refused[LIMIT];
char LICENSE[] SEC("license") = "GPL";

SEC("xdp")
int pass(struct xdp_md *ctx) { __u32 key = strict; refused[0] += !bpf_map_lookup_elem(&limits, &key); return XDP_PASS; }
`

/** Macros are in DWARF alone. */
function withoutDefines(code: string): string {
  return code.replace(/export const defines = \{[^}]*\}/, '')
}

/** The ELF file with one more section at its end, and the table of sections behind that. */
function withSection(elf: Buffer, name: string, data: Buffer): Buffer {
  const [tableAt, count, namesIndex] = [
    Number(elf.readBigUInt64LE(40)),
    elf.readUInt16LE(60),
    elf.readUInt16LE(62),
  ]
  const header = (index: number) => elf.subarray(tableAt + index * 64, tableAt + index * 64 + 64)
  const names = header(namesIndex)
  const [namesAt, namesSize] = [
    Number(names.readBigUInt64LE(24)),
    Number(names.readBigUInt64LE(32)),
  ]
  const text = Buffer.concat([elf.subarray(namesAt, namesAt + namesSize), Buffer.from(`${name}\0`)])
  const added = Buffer.alloc(64)
  added.writeUInt32LE(namesSize, 0)
  added.writeUInt32LE(1, 4)
  added.writeBigUInt64LE(BigInt(elf.length), 24)
  added.writeBigUInt64LE(BigInt(data.length), 32)
  const renamed = Buffer.from(names)
  renamed.writeBigUInt64LE(BigInt(elf.length + data.length), 24)
  renamed.writeBigUInt64LE(BigInt(text.length), 32)
  const headers = Array.from({ length: count }, (_, index) =>
    index === namesIndex ? renamed : header(index),
  )
  const file = Buffer.concat([elf, data, text, ...headers, added])
  file.writeBigUInt64LE(BigInt(elf.length + data.length + text.length), 40)
  file.writeUInt16LE(count + 1, 60)
  return file
}

interface Result {
  status: number
  stdout: string
  stderr: string
}

async function bpf(...args: string[]): Promise<Result> {
  try {
    const options = { cwd: folder, maxBuffer: 1 << 26 }
    return { status: 0, ...(await exec(process.execPath, [cli, ...args], options)) }
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code: number; stdout: string; stderr: string }
    return { status: code, stdout, stderr }
  }
}

describe('usage', () => {
  it.each([
    [[], 'no command given'],
    [['gen', 'header'], 'unknown command gen header'],
    [['complie', 'a.bpf.c'], 'unknown command complie: did you mean compile?'],
    [['gen', 'skelton', 'a.bpf.c'], 'unknown command gen skelton: did you mean gen skeleton?'],
    [['gne', 'types'], 'unknown command gne: did you mean gen types?'],
    [['help', 'docter'], 'unknown command docter: did you mean doctor?'],
    [['zzz'], 'unknown command zzz\n'],
    [['completion', 'csh'], 'there is no completion for csh: the shells are bash, zsh, fish'],
    [['compile'], 'compile needs a <file>'],
    [['compile', 'a.bpf.c', 'b.bpf.c'], 'compile takes one file: b.bpf.c is too many'],
    [['doctor', 'a.bpf.c'], 'doctor takes no arguments: a.bpf.c is too many'],
    [['compile', 'guard.bpf.c', '--fast'], 'unknown flag --fast of compile\n'],
    [['compile', 'guard.bpf.c', '--includ=a'], '--includ of compile: did you mean --include?'],
    [['inspect', 'guard.bpf.c', '-json'], '-json of inspect: did you mean --json?'],
    [['gen', 'types', '--wach'], '--wach of gen types: did you mean --watch?'],
    [['--hlep'], 'unknown flag --hlep: did you mean --help?'],
    [
      ['gen', 'skeleton', 'guard.bpf.c', '--lang', 'go'],
      '--lang must be one of js, dts, c, json, not go',
    ],
    [['gen', 'skeleton', 'guard.bpf.c', '--name', 'a b'], '--name must be a C identifier, not a b'],
    [['gen', 'types', '--check', '--watch'], '--check and --watch cannot be combined'],
    [['btf', 'dump', 'x.o', '--format', 'raw', '--sort'], '--sort needs --format c'],
    [['compile', 'guard.bpf.c', '--clang'], '--clang needs a value: --clang <path>'],
    [['compile', 'guard.bpf.c', '--arch', 'x86,arm64'], 'an object is for one --arch'],
    [['gen', 'skeleton', 'guard.bpf.c', '--lang=c', '--arch=x86,arm64'], 'a C header is for one'],
  ])('is wrong with %j: exit 2', async (args, message) => {
    const { status, stdout, stderr } = await bpf(...args)
    expect(stderr).toContain(message)
    expect(stderr).toContain('Usage:')
    expect([status, stdout]).toEqual([2, ''])
  })

  it.each([
    ['gen', 'gen vmlinux'],
    ['btf', 'btf dump <file>'],
  ])('of the group %s is told by its bare name', async (group, line) => {
    const { status, stdout, stderr } = await bpf(group)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`\n  ${line}`)
    expect(stdout).not.toContain('doctor')
  })

  it('is told by help, and the version by version', async () => {
    expect((await bpf('help')).stdout).toBe((await bpf('--help')).stdout)
    expect((await bpf('help', 'gen', 'types')).stdout).toBe(
      (await bpf('gen', 'types', '--help')).stdout,
    )
    expect(await bpf('version')).toEqual(await bpf('--version'))
  })

  it('is told by --help: exit 0', async () => {
    const { status, stdout } = await bpf('--help')
    expect(status).toBe(0)
    const commands = [
      'gen skeleton',
      'gen types',
      'gen vmlinux',
      'btf dump',
      'compile',
      'inspect',
      'doctor',
    ]
    for (const command of commands) expect(stdout).toContain(`\n  ${command}`)
  })
})

describe('faults of the input', () => {
  it.each([
    [['compile', 'broken.bpf.c'], /broken\.bpf\.c:2:16: error: expected expression\n/],
    [['gen', 'skeleton', 'broken.bpf.c'], /broken\.bpf\.c:2:16: error: expected expression\n/],
    [['gen', 'types', 'broken.bpf.c'], /broken\.bpf\.c:2:16: error: expected expression\n/],
    [['gen', 'types', 'nothing/*.c'], /no file matches nothing\/\*\.c/],
    [['inspect', 'none.bpf.c'], /cannot open none\.bpf\.c: there is no such file/],
    [['inspect', 'package.json'], /package\.json is neither C source \(\.bpf\.c\) nor an ELF file/],
    [['btf', 'dump', 'package.json'], /package\.json is neither BTF nor an ELF file/],
    [
      ['inspect', 'bitcode.o'],
      /bitcode\.o is neither .* it is LLVM bitcode: .* without -emit-llvm/,
    ],
    [['btf', 'dump', 'bitcode.o'], /bitcode\.o is neither .* it is LLVM bitcode/],
    [
      ['inspect', 'named.bpf.c'],
      /a section and a function of the same name, .* rename the function/,
    ],
    [['compile', 'guard.bpf.c', '--clang', '/no/clang'], /tried \/no\/clang/],
    [['compile', 'guard.bpf.c', '--arch', 'vax'], /arch/],
  ])('%j: exit 1, one message, no stack', async (args, message) => {
    const { status, stdout, stderr } = await bpf(...args)
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^ +at /m)
    expect([status, stdout]).toEqual([1, ''])
  })

  it('keeps what -o names', async () => {
    const out = join(folder, 'kept.js')
    await writeFile(out, 'before')
    expect((await bpf('gen', 'skeleton', 'broken.bpf.c', '-o', out)).status).toBe(1)
    expect(await readFile(out, 'utf8')).toBe('before')
  })
})

describe('gen skeleton', () => {
  it('prints a module, the same from the source as from its object', async () => {
    await bpf('compile', 'guard.bpf.c', '-o', 'guard.bpf.o')
    const ofSource = await bpf('gen', 'skeleton', 'guard.bpf.c')
    expect(ofSource.stderr).toBe('')
    expect(ofSource.stdout).toContain(`name: 'guard_bpf'`)
    const ofObject = await bpf('gen', 'skeleton', 'guard.bpf.o')
    expect(withoutDefines(ofObject.stdout)).toBe(withoutDefines(ofSource.stdout))
  })

  it('takes a name and the flags of a compile', async () => {
    const args = ['--name', 'watch', '--define', 'ENTRIES=99', '--cflag', '-O1']
    const { stdout } = await bpf('gen', 'skeleton', 'guard.bpf.c', ...args)
    expect(stdout).toContain(`name: 'watch'`)
    const plain = await bpf('gen', 'skeleton', 'guard.bpf.c', '--name', 'watch')
    expect(stdout).not.toBe(plain.stdout)
  })

  it('embeds an object for each architecture', async () => {
    const args = ['--arch', 'x86', '--arch', 'arm64']
    const { stdout, stderr } = await bpf('gen', 'skeleton', 'guard.bpf.c', ...args)
    expect(stderr).toBe('')
    expect(stdout).toContain("{ arch: ['x86', 'arm64'], object: '")
  })

  it('prints declarations', async () => {
    const { stdout } = await bpf('gen', 'skeleton', 'guard.bpf.c', '--lang', 'dts')
    expect(stdout).toMatch(/limits: rt\.HashMap<number, limit>/)
  })

  it('prints a header that a C compiler takes', async () => {
    await bpf('gen', 'skeleton', 'guard.bpf.c', '--lang', 'c', '-o', 'guard.skel.h')
    const main =
      '#include "guard.skel.h"\nint main(void) { guard_bpf__destroy(guard_bpf__open()); }\n'
    await writeFile(join(folder, 'main.c'), main)
    await exec('gcc', ['-Wall', '-Werror', 'main.c', '-o', 'main', '-lbpf'], { cwd: folder })
    await exec(join(folder, 'main'))
  })
})

describe('gen types', () => {
  const file = '.bpf/types/guard.bpf.d.c.ts'

  it('writes declarations once, where rootDirs finds them', async () => {
    expect(await bpf('gen', 'types', 'guard.bpf.c')).toEqual({
      status: 0,
      stdout: '',
      stderr: `wrote ${file}\n`,
    })
    expect((await bpf('gen', 'types', 'guard.bpf.c')).stderr).toBe('')
    expect(readFileSync(join(folder, '.bpf/.gitignore'), 'utf8')).toBe('*\n')
    // Prettier would find fault with it by the default style, as by most others.
    const prettier = fileURLToPath(import.meta.resolve('prettier/bin/prettier.cjs'))
    await exec(process.execPath, [prettier, '--check', '.bpf'], { cwd: folder })
  })

  it('checks them', async () => {
    expect((await bpf('gen', 'types', 'guard.bpf.c', '--check')).status).toBe(0)
    await writeFile(join(folder, file), '// old\n')
    const { status, stderr } = await bpf('gen', 'types', 'guard.bpf.c', '--check')
    expect(status).toBe(1)
    expect(stderr).toContain(`${file} is out of date with guard.bpf.c`)
    expect(readFileSync(join(folder, file), 'utf8')).toBe('// old\n')
  })

  it('watches sources and headers, also past an error', async () => {
    const watching = spawn(process.execPath, [cli, 'gen', 'types', 'guard.bpf.c', '--watch'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    watching.stderr.on('data', (chunk) => (output += chunk))
    const until = async (test: () => boolean): Promise<void> => {
      for (let i = 0; i < 300 && !test(); i++) await sleep(100)
      expect(test(), output).toBe(true)
    }
    const header = (text: string): Promise<void> => writeFile(join(folder, 'limits.h'), text)
    const declares = (word: string): boolean =>
      readFileSync(join(folder, file), 'utf8').includes(word)
    try {
      await until(() => output.includes('watching 1 source'))
      await header('#define LIMIT 8\nstruct limit { __u32 soft; __u32 firm; };\n')
      await until(() => declares('firm'))
      await header('#define LIMIT 8\nstruct limit { __u32 soft; oops };\n')
      await until(() => output.includes('limits.h:2:'))
      expect(declares('firm')).toBe(true)
      await header('#define LIMIT 8\nstruct limit { __u32 soft; __u32 strong; };\n')
      await until(() => declares('strong'))
    } finally {
      watching.kill('SIGINT')
      const [status] = await once(watching, 'close')
      expect(status).toBe(0)
    }
  })
})

describe('the other commands', () => {
  it('compile: writes an object without DWARF that bpftool takes', async () => {
    await bpf('compile', 'guard.bpf.c', '-o', 'out.bpf.o')
    const { stdout } = await exec('bpftool', ['gen', 'skeleton', join(folder, 'out.bpf.o')])
    expect(stdout).toContain('struct bpf_map *limits')
    expect((await readFile(join(folder, 'out.bpf.o'))).includes('.debug_info')).toBe(false)
  })

  it('btf dump --format raw and json: say what bpftool says', async () => {
    await bpf('compile', 'guard.bpf.c', '-o', 'dump.bpf.o')
    const object = join(folder, 'dump.bpf.o')
    const raw = await exec('bpftool', ['btf', 'dump', 'file', object])
    expect((await bpf('btf', 'dump', object, '--format', 'raw')).stdout).toBe(raw.stdout)
    const json = await exec('bpftool', ['-j', 'btf', 'dump', 'file', object])
    const ours = await bpf('btf', 'dump', object, '--format', 'json')
    expect(JSON.parse(ours.stdout)).toEqual(JSON.parse(json.stdout))
  })

  it('inspect --json: names programs, maps, variables and types', async () => {
    const { stdout } = await bpf('inspect', 'guard.bpf.c', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'guard_bpf',
      license: 'GPL',
      programs: [{ name: 'pass', section: 'xdp', type: 'XDP', autoload: true }],
      maps: expect.arrayContaining([
        expect.objectContaining({
          name: 'limits',
          type: 'HASH',
          key: '__u32',
          value: 'struct limit',
        }),
      ]),
      variables: expect.arrayContaining([
        { section: 'rodata', name: 'strict', type: '_Bool', offset: 0, size: 1, value: true },
        {
          section: 'bss',
          name: 'refused',
          type: '__u64[8]',
          offset: 0,
          size: 64,
          value: Array.from({ length: 8 }, () => '0'),
        },
      ]),
      types: [{ name: 'limit', kind: 'struct', size: 8 }],
      kernel: {
        minimum: '5.2',
        needs: expect.arrayContaining([
          {
            since: '3.19',
            kind: 'helper',
            name: 'bpf_map_lookup_elem',
            optional: false,
            users: ['pass'],
          },
        ]),
      },
    })
  })

  it('inspect: tells sections apart whose names become one identifier', async () => {
    const source = [
      '__attribute__((section(".data.a_b"))) int first = 11;',
      '__attribute__((section(".data.a.b"))) int second = 22;',
    ]
    await writeFile(join(folder, 'alike.bpf.c'), source.join('\n'))
    const { variables, maps } = JSON.parse((await bpf('inspect', 'alike.bpf.c', '--json')).stdout)
    expect(variables).toMatchObject([
      { section: 'data_a_b', name: 'first', value: 11 },
      { section: 'data_a_b___2', name: 'second', value: 22 },
    ])
    expect(maps).toMatchObject([{ name: 'data_a_b' }, { name: 'data_a_b___2' }])
  })

  it('gen skeleton: takes an object whose DWARF cannot be read, with one warning', async () => {
    const object = join(folder, 'damaged.o')
    await bpf('compile', 'guard.bpf.c', '-o', object)
    const plain = await bpf('gen', 'skeleton', object)
    expect([plain.status, plain.stderr]).toEqual([0, ''])
    // A section more, of debug information that is none.
    const bytes = await readFile(object)
    await writeFile(object, withSection(bytes, '.debug_info', Buffer.from('no DWARF')))
    const { status, stdout, stderr } = await bpf('gen', 'skeleton', object)
    expect(stderr).toMatch(
      /^\S+damaged\.o: warning: the debug information cannot be read \(DWARF, byte 0: [^\n]+\n$/,
    )
    expect([status, stdout]).toEqual([0, plain.stdout])
  })

  it('inspect: prints tables, and why a kernel must be as new', async () => {
    const { stdout } = await bpf('inspect', 'guard.bpf.c')
    expect(stdout).toMatch(/^guard_bpf, \d+ bytes, license "GPL"\n/u)
    for (const line of [
      /^ {2}pass {2}SEC\("xdp"\) {2}XDP BPF_XDP {2}\d+ instructions$/mu,
      /^ {2}limits +HASH +__u32 -> +struct limit +16 entries$/mu,
      /^ {2}rodata\.strict +_Bool +1 bytes at 0 += true$/mu,
      /^ {2}bss\.refused +__u64\[8\] +64 bytes at 0 += \[ 0n, (?:0n, ){6}0n \]$/mu,
      /^ {2}limit {2}struct {2}8 bytes$/mu,
      /^Needs Linux 5\.2 or newer: global variables$/mu,
      /^ {2}3\.19 +helper +bpf_map_lookup_elem +pass$/mu,
    ])
      expect(stdout).toMatch(line)
  })

  it('doctor --json: exits 1 exactly when something is missing, and says what to do', async () => {
    for (const extra of [[], ['--clang', '/no/clang']]) {
      const { status, stdout } = await bpf('doctor', '--json', ...extra)
      const { ok, build, load } = JSON.parse(stdout)
      const missing = [...build, ...load].filter((check) => !check.ok)
      expect(status).toBe(missing.length === 0 ? 0 : 1)
      expect(ok).toBe(missing.length === 0)
      expect(missing.every((check) => check.todo !== '')).toBe(true)
      if (extra.length > 0) expect(missing.map((check) => check.name)).toContain('clang')
    }
  })

  const noBtf = existsSync('/sys/kernel/btf/vmlinux') ? '' : ' (skipped: this kernel has no BTF)'
  it.skipIf(noBtf)(`gen vmlinux -o: writes the whole header${noBtf}`, async () => {
    await bpf('gen', 'vmlinux', '-o', 'vmlinux.h')
    expect(readFileSync(join(folder, 'vmlinux.h'), 'utf8')).toMatch(
      /struct task_struct \{[\s\S]*#endif/,
    )
  })
})
