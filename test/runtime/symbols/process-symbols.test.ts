import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

import { processSymbols } from '../../../src/runtime/symbols/index.ts'
import type { ProcessSymbol } from '../../../src/runtime/symbols/index.ts'

const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-symbols-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program that prints the addresses of its functions and variables, and waits. */
const source = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
int counter = 7;
static __attribute__((noinline)) int inner(int x) { return x + counter; }
__attribute__((noinline)) int outer(int x) { return inner(x) * 2; }
int main(void)
{
	void *code = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("{\\"inner\\":%lu,\\"outer\\":%lu,\\"counter\\":%lu,\\"getpid\\":%lu,\\"code\\":%lu}\\n",
	       (long)inner, (long)outer, (long)&counter, (long)getpid, (long)code);
	fflush(stdout);
	return outer(getchar());
}
`

interface Places {
  inner: number
  outer: number
  counter: number
  getpid: number
  code: number
}

function compile(name: string, ...flags: string[]): string {
  const [c, file] = [join(folder, `${name}.c`), join(folder, name)]
  writeFileSync(c, source)
  execFileSync('gcc', ['-O1', c, '-o', file, ...flags], { stdio: 'pipe' })
  return file
}

async function run(
  command: string,
  ...args: string[]
): Promise<{ child: ChildProcess; pid: number; places: Places }> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (!child.stdout || child.pid === undefined) throw new Error(`${command} does not start`)
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, pid: child.pid, places: JSON.parse(line.toString()) as Places }
}

function names(pid: number, { inner, outer, counter }: Places): (string | undefined)[] {
  const symbols = processSymbols(pid)
  return [inner, outer + 1, counter + 3].map((address) => described(symbols.name(address)))
}

function described(symbol: ProcessSymbol | undefined): string | undefined {
  return symbol && `${symbol.name}+${symbol.offset}`
}

const everything = ['inner+0', 'outer+1', 'counter+3']
const here = process.platform === 'linux' ? describe : describe.skip

here(`process symbols${process.platform === 'linux' ? '' : ' (needs Linux)'}`, () => {
  test.each([
    ['position-independent', []],
    ['at fixed addresses', ['-no-pie']],
    ['static', ['-static']],
    ['with symbols for dynamic linking alone', ['-rdynamic', '-s']],
  ])('of an executable %s', async (name, flags) => {
    const file = compile(name.replaceAll(' ', '-'), ...flags)
    const { pid, places } = await run(file)
    // The dynamic linker knows no `static` functions.
    const expected = flags.includes('-s') ? everything.slice(1) : everything
    expect(names(pid, places).slice(-expected.length)).toEqual(expected)
    expect(processSymbols(pid).name(places.outer)?.file).toBe(file)
  })

  test('of libraries whose symbols have other names than the program calls', async () => {
    const { pid, places } = await run(compile('libraries'))
    const found = processSymbols(pid).name(places.getpid)
    expect(found?.name).toMatch(/^_*getpid$/)
    expect(found?.file).toMatch(/libc/)
  })

  test('of a stripped file are offsets without a name', async () => {
    const { pid, places } = await run(compile('stripped', '-s'))
    const found = processSymbols(pid).name(places.inner)
    expect(found).toMatchObject({ name: undefined, file: join(folder, 'stripped') })
    expect(found?.offset).toBeLessThan(0x4000)
  })

  test('of a stripped file come from its debug file', async () => {
    const file = compile('separate', '-Wl,--build-id')
    execFileSync('objcopy', ['--only-keep-debug', file, `${file}.debug`])
    execFileSync('strip', [file])
    mkdirSync(join(folder, '.debug'), { recursive: true })
    renameSync(`${file}.debug`, join(folder, '.debug/separate.debug'))
    execFileSync('objcopy', ['--add-gnu-debuglink=.debug/separate.debug', file], { cwd: folder })
    const { pid, places } = await run(file)
    expect(names(pid, places)).toEqual(everything)
    // The debug file of another build has wrong addresses.
    const other = compile('other', '-Wl,--build-id', '-DOTHER', '-O2')
    execFileSync('objcopy', ['--only-keep-debug', other, join(folder, '.debug/separate.debug')])
    rmSync(other)
    expect(processSymbols(pid).name(places.inner)?.name).toMatch(/inner|undefined/)
  })

  test.skipIf(!isRoot)('of a file that was deleted or replaced (needs root)', async () => {
    const file = compile('fleeting')
    const { pid, places } = await run(file)
    rmSync(file)
    copyFileSync('/bin/true', file)
    expect(names(pid, places)).toEqual(everything)
  })

  test.skipIf(!isRoot)('in a mount namespace of its own (needs root)', async () => {
    const file = compile('elsewhere')
    const hidden = join(folder, 'mounted')
    mkdirSync(hidden)
    const script = `mount -t tmpfs none ${hidden} && cp ${file} ${hidden}/program && exec ${hidden}/program`
    const { pid, places } = await run('unshare', '--mount', 'sh', '-c', script)
    expect(names(pid, places)).toEqual(everything)
    expect(processSymbols(pid).name(places.inner)?.file).toBe(join(hidden, 'program'))
  })

  test('of code compiled at run time come from its perf map', async () => {
    const { pid, places } = await run(compile('jit'))
    const map = `/tmp/perf-${pid}.map`
    onTestFinished(() => rmSync(map, { force: true }))
    const symbols = processSymbols(pid)
    const at = places.code
    expect(symbols.name(at)).toBeUndefined()
    const line = (offset: number, size: number, name: string): string =>
      `${(at + offset).toString(16)} ${size.toString(16)} ${name}\n`
    writeFileSync(map, line(0, 64, 'LazyCompile:~first of /x.js:1') + line(64, 64, 'second'))
    expect(symbols.name(at + 1)).toEqual({
      name: 'LazyCompile:~first of /x.js:1',
      offset: 1,
      file: map,
    })
    expect(symbols.name(at + 127)?.name).toBe('second')
    expect(symbols.name(at + 128)).toBeUndefined()
    // The compiler has reused the memory of both.
    appendFileSync(map, line(32, 64, 'third'))
    expect([at, at + 40, at + 70, at + 100].map((one) => symbols.name(one)?.name)).toEqual([
      'LazyCompile:~first of /x.js:1',
      'third',
      'third',
      'second',
    ])
  })

  test('of this process are those that nm shows', () => {
    const node = realpathSync('/proc/self/exe')
    const table = execFileSync(
      'nm',
      ['--defined-only', '--format=sysv', ...hasSymbols(node), node],
      {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      },
    )
    const start = baseOf(node)
    // Name, value, class, type, size, line, section.
    const functions = [...table.matchAll(/^(\S.*?) *\|([0-9a-f]+)\|[^|]*\| *I?FUNC\|/gm)].map(
      ([, name = '', value = '']) => ({ value: Number.parseInt(value, 16), name }),
    )
    const aliases = new Map<number, Set<string>>()
    for (const { value, name } of functions) {
      aliases.set(value, (aliases.get(value) ?? new Set()).add(name.replace(/@.*/, '')))
    }
    const symbols = processSymbols('self')
    const wrong = [...aliases].filter(([value, names]) => {
      const found = symbols.name(start + value)
      return found?.offset !== 0 || !names.has(found.name ?? '')
    })
    expect(aliases.size).toBeGreaterThan(1000)
    expect(wrong.slice(0, 5)).toEqual([])
  })

  test('of the vdso', () => {
    const maps = readFileSync('/proc/self/maps', 'utf8')
    const start = Number.parseInt(/^(\w+)-.*\[vdso\]$/m.exec(maps)?.[1] ?? '', 16)
    const symbols = processSymbols('self')
    const found = new Set(
      Array.from({ length: 0x1000 }, (_, offset) => symbols.name(start + offset)?.name),
    )
    expect([...found].some((name) => name?.includes('gettime'))).toBe(true)
    expect(symbols.name(start)?.file).toBe('[vdso]')
  })

  test('of a process that has ended are still known', async () => {
    const { pid, places, child } = await run(compile('ended'))
    const symbols = processSymbols(pid)
    child.kill('SIGKILL')
    await once(child, 'close')
    symbols.refresh()
    expect(described(symbols.name(places.inner))).toBe('inner+0')
    expect(symbols.name(0x1000)).toBeUndefined()
  })

  test("of a process that does not exist or is another user's are refused", () => {
    expect(() => processSymbols(0x3f_ffff)).toThrow(
      expect.objectContaining({
        code: 'ENOENT',
        message: expect.stringContaining('no such process'),
      }),
    )
    expect(() => processSymbols(0)).toThrow(RangeError)
    expect(() => processSymbols(-1)).toThrow(RangeError)
  })
})

/** A stripped Node still has the symbols it exports. */
function hasSymbols(file: string): string[] {
  const sections = execFileSync('readelf', ['--sections', '--wide', file], { encoding: 'utf8' })
  return sections.includes('.symtab') ? [] : ['--dynamic']
}

/** Returns what is added to addresses in the file: 0 when it is not position-independent. */
function baseOf(file: string): number {
  const header = execFileSync('readelf', ['--file-header', file], { encoding: 'utf8' })
  if (/Type:\s+EXEC/.test(header)) return 0
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  const first = maps.find((line) => line.endsWith(file))
  return Number.parseInt(first ?? '', 16)
}
