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
 * Writes a command's result to the file that `-o` names: whole or not at all. Links are followed, and the file keeps its
 * mode. A device or FIFO (`/dev/null`, a terminal) is written to, not replaced.
 *
 * @param inputs the files that the result was made from, which must not be overwritten
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
    throw new UsageError(`-o ${file} would overwrite its input ${input}`)
  }
  // A rename would replace even a read-only file.
  await access(target, constants.W_OK)
  return writeAtomic(target, content, stats)
}

/** Follows links one by one, as the last may lead to a file that does not exist yet. */
function followLinks(path: string): string {
  for (let links = 0; links < 40; links++) {
    const at = join(realFolder(dirname(path)), basename(path))
    if (ownDescriptor(at) !== undefined) return at
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at
    path = resolve(dirname(at), readlinkSync(at))
  }
  throw new Failure(`unplugin-bpf: cannot write ${path}: it is a link to itself`)
}

/** Returns the descriptor that `/dev/stdout` or `/dev/fd/3` leads to. The text of such a link is no path (proc_pid_fd(5)). */
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
    // The folder does not exist yet: it is made when the file is written.
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
