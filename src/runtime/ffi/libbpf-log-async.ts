import { isMainThread } from 'node:worker_threads'

import { readInto, statOf } from '../host/files.ts'
import { deafen, levels, setPrint, tell, wantsAll } from './libbpf-log.ts'
import { close, memoryFile } from './libc.ts'
import type { PrintFunction } from './print-function.ts'
import { printFunction } from './print-function.ts'

let last: Promise<unknown> = Promise.resolve()

/**
 * Runs a call into libbpf on a thread, after those that wait already: libbpf has one print function for all threads, and
 * what several say at once could not be told apart.
 * @returns no `log` where it cannot be heard: in workers, and on machines that `printFunction` has no code for
 */
export function heardAside<R>(
  call: () => Promise<R>,
): Promise<{ result: R; log: string | undefined }> {
  const silence = deafen()
  const mine = last.then(() => listen(call)).finally(() => silence.end())
  last = mine.catch(() => undefined)
  return mine
}

let printer: { readonly found: PrintFunction | undefined } | undefined

async function listen<R>(call: () => Promise<R>): Promise<{ result: R; log: string | undefined }> {
  printer ??= { found: isMainThread ? printFunction() : undefined }
  const { found } = printer
  if (!found) return { result: await call(), log: undefined }
  const files = levels.map((level) =>
    level !== 'debug' || wantsAll() ? memoryFile(`libbpf-${level}`) : -1,
  )
  found.files.set(files)
  setPrint(found.address)
  try {
    const result = await call()
    return { result, log: told(files) }
  } finally {
    setPrint(0)
    found.files.fill(-1)
    for (const file of files) if (file >= 0) close(file)
  }
}

/** Warnings, then notes, joined. */
function told(files: readonly number[]): string {
  const heard = files.flatMap((file, index) => {
    const level = levels[index] ?? 'debug'
    return messages(file).map((text) => ({ level, text }))
  })
  for (const { level, text } of heard) tell(level, `libbpf: ${text}`)
  return heard
    .filter(({ level }) => level !== 'debug')
    .map(({ text }) => text)
    .join('\n')
}

function messages(file: number): string[] {
  if (file < 0) return []
  const bytes = Buffer.alloc(statOf(file).size)
  const length = readInto(file, bytes, 0)
  const said = bytes.toString('utf8', 0, length).split(/^libbpf: /m)
  return said.map((text) => text.trimEnd()).filter((text) => text !== '')
}
