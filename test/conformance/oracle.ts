import { execa } from 'execa'

import { bpftool78 } from '../debian/linux-tools.ts'
import { Unavailable } from '../debian/unavailable.ts'

/** The bpftool to be equal to. */
export interface Oracle {
  readonly path: string
  /** Whether it is the 7.8 of the contract; else the machine's own, whose differences are known. */
  readonly isNewest: boolean
}

let found: Promise<Oracle> | undefined

/** Throws Unavailable where there is none at all. */
export function oracle(): Promise<Oracle> {
  return (found ??= find())
}

async function find(): Promise<Oracle> {
  try {
    return { path: await bpftool78(), isNewest: true }
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    const path = await installed()
    if (path === undefined) throw new Unavailable(`no bpftool is installed, and ${error.message}`)
    console.warn(`bpftool 7.8 is not to be had, ${path} is taken instead: ${error.message}`)
    return { path, isNewest: false }
  }
}

async function installed(): Promise<string | undefined> {
  for (const path of ['bpftool', '/usr/sbin/bpftool']) {
    if (!(await execa(path, ['version'], { reject: false })).failed) return path
  }
  return undefined
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
