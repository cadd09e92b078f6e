import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

const cli = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

let folder: string
const path = (name: string): string => join(folder, name)
const read = (name: string): string => readFileSync(path(name), 'latin1')
const isObject = (content: string): boolean => content.startsWith('\x7fELF')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-output-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(path('package.json'), '{}')
  writeFileSync(path('sum.h'), '#define SUM 3\n')
  writeFileSync(path('sum.bpf.c'), '#include "sum.h"\nint sum = SUM;\n')
})

async function bpf(...args: string[]): Promise<{ status: number | null; stderr: string }> {
  const child = execFile(process.execPath, [cli, ...args], { cwd: folder })
  const status = ended(child)
  return { stderr: child.stderr ? await text(child.stderr) : '', status: await status }
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.on('exit', resolve))

const compile = (out: string): ReturnType<typeof bpf> => bpf('compile', 'sum.bpf.c', '-o', out)

/** Root could lose the machine's own. */
async function nullDevice(): Promise<string> {
  if (process.geteuid?.() !== 0) return '/dev/null'
  await ended(spawn('mknod', [path('null'), 'c', '1', '3']))
  return path('null')
}

async function expectRefused(out: string, why: string): Promise<void> {
  expect(await compile(out)).toEqual({ status: 1, stderr: expect.stringContaining(why) })
}

describe('what is no regular file is written to, and stays what it is', () => {
  it('a device', async () => {
    const device = await nullDevice()
    expect(await compile(device)).toEqual({ status: 0, stderr: '' })
    expect(lstatSync(device).isCharacterDevice()).toBe(true)
  })

  it('a link to a device', async () => {
    const device = await nullDevice()
    symlinkSync(device, path('link'))
    expect(await compile('link')).toEqual({ status: 0, stderr: '' })
    expect(lstatSync(path('link')).isSymbolicLink()).toBe(true)
    expect(lstatSync(device).isCharacterDevice()).toBe(true)
  })

  it.each([
    ['a pipe', '| cat >out'],
    ['a file, after what is there', '>>out'],
  ])('standard output, which is %s', async (_name, redirection) => {
    writeFileSync(path('out'), '')
    // As /dev/stdout does, which root could lose.
    symlinkSync('/proc/self/fd/1', path('stdout'))
    const run = `(printf before; '${process.execPath}' '${cli}' compile sum.bpf.c -o stdout; printf after) ${redirection}`
    await ended(spawn('sh', ['-c', run], { cwd: folder }))
    expect(read('out')).toMatch(/^before\x7fELF[^]*after$/)
  })

  it('another open file', async () => {
    const run = `exec 5>out; '${process.execPath}' '${cli}' compile sum.bpf.c -o /dev/fd/5`
    await ended(spawn('sh', ['-c', run], { cwd: folder }))
    expect(isObject(read('out'))).toBe(true)
  })

  it('a FIFO', async () => {
    await ended(spawn('mkfifo', [path('fifo')]))
    const reader = spawn('cat', [path('fifo')])
    const [content] = await Promise.all([
      text(reader.stdout.setEncoding('latin1')),
      compile('fifo'),
    ])
    expect(isObject(content) && lstatSync(path('fifo')).isFIFO()).toBe(true)
  })

  it('but a folder and a socket are refused', async () => {
    await expectRefused('.', 'cannot write .: it is a folder')
    const server = createServer().listen(path('socket'))
    onTestFinished(() => void server.close())
    await expectRefused('socket', 'cannot write socket: it is a socket')
    expect(lstatSync(path('socket')).isSocket()).toBe(true)
  })
})

describe('a link', () => {
  it('leads to the file that is written', async () => {
    writeFileSync(path('old.o'), 'old')
    symlinkSync('old.o', path('link.o'))
    expect(await compile('link.o')).toEqual({ status: 0, stderr: '' })
    expect(lstatSync(path('link.o')).isSymbolicLink() && isObject(read('old.o'))).toBe(true)
  })

  it('may lead to one that is not there yet', async () => {
    symlinkSync('new.o', path('link.o'))
    expect((await compile('link.o')).status).toBe(0)
    expect(lstatSync(path('link.o')).isSymbolicLink() && isObject(read('new.o'))).toBe(true)
  })

  it('must not lead to itself', async () => {
    symlinkSync('link.o', path('link.o'))
    const { status, stderr } = await compile('link.o')
    expect([status, stderr]).toEqual([1, expect.stringContaining('is a link to itself')])
  })
})

it('keeps the mode, and the owner, of a file', async () => {
  writeFileSync(path('old.o'), 'old')
  chmodSync(path('old.o'), 0o600)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) chownSync(path('old.o'), 12345, 54321)
  const { uid, gid } = statSync(path('old.o'))
  await compile('old.o')
  expect(isObject(read('old.o'))).toBe(true)
  expect(statSync(path('old.o'))).toMatchObject({ mode: 0o100600, uid, gid })
})

it.each([
  ['its source', 'sum.bpf.c'],
  ['a header of it', 'sum.h'],
])('is refused as an output that is %s, by whatever name', async (_name, input) => {
  const before = read(input)
  linkSync(path(input), path('hard'))
  symlinkSync(input, path('soft'))
  for (const out of [input, './hard', path('soft')]) {
    const { status, stderr } = await compile(out)
    expect([status, stderr]).toEqual([2, expect.stringContaining(`-o ${out} would overwrite`)])
  }
  for (const lang of ['js', 'c']) {
    expect((await bpf('gen', 'skeleton', 'sum.bpf.c', '--lang', lang, '-o', input)).status).toBe(2)
  }
  expect(read(input)).toBe(before)
})

it('refuses an object as the output that is made from it', async () => {
  await compile('sum.o')
  for (const command of [
    ['gen', 'skeleton'],
    ['btf', 'dump'],
  ]) {
    expect((await bpf(...command, 'sum.o', '-o', 'sum.o')).status).toBe(2)
  }
  expect((await bpf('gen', 'vmlinux', '--btf', 'sum.o', '-o', 'sum.o')).status).toBe(2)
  expect(isObject(read('sum.o'))).toBe(true)
  expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
})
