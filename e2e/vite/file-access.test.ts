import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { createServer, isRunnableDevEnvironment, type ViteDevServer } from 'vite'
import { beforeEach, expect, it, onTestFinished } from 'vitest'

import bpf from '../../plugin/vite.ts'

/** Nothing of it needs this package at run time. */
const source = '#define MARK 7\nchar LICENSE[] __attribute__((section("license"))) = "GPL";\n'

let folder: string
let server: ViteDevServer
const path = (name: string): string => join(folder, name)

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(path(name)), { recursive: true })
    await writeFile(path(name), text)
  }
}

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'unplugin-bpf-access-')))
  onTestFinished(() => rm(folder, { recursive: true }))
  await write({
    'app/package.json': '{ "type": "module" }',
    'app/page.bpf.c': source,
    'app/secret/key.bpf.c': source,
    'elsewhere/package.json': `{ "unplugin-bpf": { "clang": "${path('elsewhere/clang')}" } }`,
    'elsewhere/x.bpf.c': source,
    'elsewhere/clang': `#!/bin/sh\ntouch ${path('ran')}\nexit 1\n`,
  })
  await chmod(path('elsewhere/clang'), 0o755)
  await symlink(path('elsewhere/x.bpf.c'), path('app/link.bpf.c'))
  server = await createServer({
    root: path('app'),
    configFile: false,
    logLevel: 'silent',
    plugins: [bpf()],
    server: { port: 0, host: '127.0.0.1', fs: { deny: ['**/secret/**'] } },
  })
  onTestFinished(() => server.close())
  await server.listen()
})

async function get(url: string): Promise<{ status: number; text: string }> {
  const address = server.httpServer?.address()
  if (typeof address !== 'object' || !address) throw new Error('the server does not listen')
  const response = await fetch(`http://127.0.0.1:${address.port}${url}`)
  return { status: response.status, text: await response.text() }
}

it('gives a browser the sources that server.fs allows', async () => {
  const { status, text } = await get('/page.bpf.c?import')
  expect([status, text]).toEqual([200, expect.stringContaining('MARK')])
})

it.each([
  ['a file outside', (): string => `/@fs${path('elsewhere/x.bpf.c')}?import`],
  ['a link that leads outside', (): string => '/link.bpf.c?import'],
  ['a file that is denied', (): string => '/secret/key.bpf.c?import'],
])('refuses it %s, and runs nothing of what lies there', async (_name, url) => {
  const { status, text } = await get(url())
  expect(status).toBe(403)
  expect(text).not.toContain('MARK')
  await expect(realpath(path('ran'))).rejects.toThrow('ENOENT')
})

it('lets code of the server import any, whose own options do not count outside of the workspace', async () => {
  const { ssr } = server.environments
  if (!isRunnableDevEnvironment(ssr)) throw new Error('Vite runs modules in ssr')
  const result = await ssr.transformRequest(path('elsewhere/x.bpf.c'))
  expect(result?.code).toContain('MARK')
  await expect(realpath(path('ran'))).rejects.toThrow('ENOENT')
})
