import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const exec = promisify(execFile)
const docs = fileURLToPath(new URL('../../docs', import.meta.url))
const bin = (name: string): string => join(docs, 'node_modules', name)
const isInstalled = existsSync(bin('vitepress'))
const lack = isInstalled ? '' : ' (its packages are not installed: node scripts/setup.mjs docs)'

let site: string

describe.skipIf(!isInstalled)(`the site${lack}`, () => {
  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'unplugin-bpf-site-'))
    await exec('node', [bin('typedoc/bin/typedoc')], { cwd: docs })
    await exec('node', [bin('vitepress/bin/vitepress.js'), 'build', '--outDir', site], { cwd: docs })
  }, 300_000)
  afterAll(() => rm(site, { recursive: true, force: true }))

  it('is built, with every link leading somewhere', () => {
    // VitePress refuses dead links.
    expect(existsSync(join(site, 'guide/first-agent.html'))).toBe(true)
  })

  it("has a reference made from the declarations' own docstrings", async () => {
    const page = await readFile(join(site, 'reference/api/index.html'), 'utf8')
    expect(page).toContain('runtime')
  })
})
