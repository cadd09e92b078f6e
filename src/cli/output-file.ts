import { once } from 'node:events'
import {
  constants,
  lstatSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'

import { writeAtomic } from '../compile/cache/atomic-write.ts'
import { Failure, UsageError } from './failure.ts'

/**
 * Writes a command's result to the file that `-o` names: whole or not at all. A link leads to the file that is written,
 * which keeps its mode. What is no regular file (`/dev/null`, a FIFO, a terminal) stays what it is, and is written to.
 *
 * @param inputs what the result was made from, which is not to be lost
 */
export async function writeOutputFile(
  file: string,
  content: string | Uint8Array,
  inputs: readonly string[],
): Promise<void> {
  const target = followLinks(resolve(file))
  const descriptor = ownDescriptor(target)
  if (descriptor !== undefined) return writeTo(descriptor, content)
  const stats = statSync(target, { throwIfNoEntry: false })
  if (!stats) return writeAtomic(target, content)
  if (stats.isCharacterDevice() || stats.isFIFO()) return writeFile(target, content)
  if (!stats.isFile()) throw new Failure(`unplugin-bpf: cannot write ${file}: it is ${kind(stats)}`)
  const input = inputs.find((input) => isSame(stats, input))
  if (input !== undefined) {
    throw new UsageError(`-o ${file} would overwrite ${input}, which it is made from`)
  }
  // A rename would replace what may not be written.
  await access(target, constants.W_OK)
  return writeAtomic(target, content, stats)
}

/** Links are followed one by one: the last may lead to a file that is not there yet. */
function followLinks(path: string): string {
  for (let links = 0; links < 40; links++) {
    const at = join(realFolder(dirname(path)), basename(path))
    if (ownDescriptor(at) !== undefined) return at
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at
    path = resolve(dirname(at), readlinkSync(at))
  }
  throw new Failure(`unplugin-bpf: cannot write ${path}: it is a link that leads to itself`)
}

/** What `/dev/stdout` and `/dev/fd/3` lead to: the text of such a link is no path (proc_pid_fd(5)). */
function ownDescriptor(path: string): number | undefined {
  const [, pid, descriptor] = /^\/proc\/(\d+)(?:\/task\/\d+)?\/fd\/(\d+)$/.exec(path) ?? []
  return Number(pid) === process.pid ? Number(descriptor) : undefined
}

export async function writeTo(descriptor: number, content: string | Uint8Array): Promise<void> {
  const stream = { 1: process.stdout, 2: process.stderr }[descriptor]
  if (!stream) return writeFileSync(descriptor, content)
  if (!stream.write(content)) await once(stream, 'drain')
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    // It is made when the file is written.
    return folder
  }
}

function isSame({ dev, ino }: Stats, path: string): boolean {
  const other = statSync(path, { throwIfNoEntry: false })
  return other?.dev === dev && other.ino === ino
}

function kind(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder'
  return stats.isSocket() ? 'a socket' : 'a block device'
}
