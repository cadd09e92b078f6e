import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { writeDeclarations } from '../../src/codegen/declaration-file.ts'
import { project } from './project.ts'

describe('declarations follow no link', () => {
  it('to a file, which is replaced by them', async () => {
    const folder = project({ victim: 'what was there' })
    const file = join(folder, '.bpf/types/x.bpf.d.c.ts')
    mkdirSync(join(folder, '.bpf/types'), { recursive: true })
    symlinkSync(join(folder, 'victim'), file)
    expect(await writeDeclarations(file, 'declared')).toBe(true)
    expect([readFileSync(file, 'utf8'), lstatSync(file).isFile()]).toEqual(['declared', true])
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('what was there')
  })

  it.each(['.bpf', '.bpf/types', '.bpf/types/src'])('of the folder %s', async (link) => {
    const [folder, elsewhere] = [project({}), project({})]
    mkdirSync(join(folder, link, '..'), { recursive: true })
    symlinkSync(elsewhere, join(folder, link))
    const before = readdirSync(elsewhere)
    const file = join(folder, '.bpf/types/src/x.bpf.d.c.ts')
    await expect(writeDeclarations(file, 'declared')).rejects.toThrow(`${link} is a symbolic link`)
    expect(readdirSync(elsewhere)).toEqual(before)
    expect(existsSync(file)).toBe(false)
  })
})
