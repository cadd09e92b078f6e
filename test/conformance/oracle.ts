import { execa } from 'execa'

import { bpftool78 } from '../debian/linux-tools.ts'
import { Unavailable } from '../debian/unavailable.ts'

/** The bpftool to be equal to. */
export interface Oracle {
  readonly path: string
  /** Not the 7.8 of the contract: what it prints otherwise is in older-bpftool.ts. */
  readonly isOlder: boolean
}

let found: Promise<Oracle> | undefined

/** BPFTOOL, else 7.8, else the machine's own. Throws Unavailable where there is none. */
export function oracle(): Promise<Oracle> {
  return (found ??= find())
}

async function find(): Promise<Oracle> {
  const named = process.env['BPFTOOL']
  if (named !== undefined) return ask([named], '')
  try {
    return await ask([await bpftool78()], '')
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    const own = await ask(['bpftool', '/usr/sbin/bpftool'], `; of a newer one: ${error.message}`)
    console.warn(`bpftool 7.8 is not to be had, the machine's is taken instead: ${error.message}`)
    return own
  }
}

async function ask(paths: readonly string[], why: string): Promise<Oracle> {
  for (const path of paths) {
    const { failed, stdout } = await execa(path, ['version'], { reject: false })
    const [, major, minor] = /\bv(\d+)\.(\d+)/u.exec(stdout ?? '') ?? []
    if (!failed) return { path, isOlder: Number(major) * 100 + Number(minor) < 708 }
  }
  throw new Unavailable(`there is no bpftool: ${paths.join(', ')}${why}`)
}

export interface Answer {
  /** As Latin-1: names in BTF may be any bytes. Undefined when it refuses. */
  readonly text: string | undefined
  readonly error: string
}

export async function bpftool(...words: string[]): Promise<Answer> {
  const { path } = await oracle()
  const { failed, stdout, stderr } = await execa(path, words, {
    reject: false,
    encoding: 'latin1',
    stripFinalNewline: false,
    maxBuffer: 2 ** 28,
  })
  return { text: failed ? undefined : stdout, error: stderr }
}
