import { readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { release, version } from 'node:os'
import { basename, join } from 'node:path'

import { readBtf } from '../../btf/btf.ts'
import { readElf } from '../../elf/elf.ts'
import { writeAtomic } from '../cache/atomic-write.ts'
import { digest } from '../cache/digest.ts'
import { memoiseByStat } from '../cache/memoise-by-stat.ts'
import { readOwnedFile } from '../cache/ownership.ts'
import { createDebugger } from '../debug.ts'
import type { ResolvedOptions } from '../options/options.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { vmlinuxText } from './header-text.ts'

const debug = createDebugger('unplugin-bpf:vmlinux')

export const vmlinuxHeader = 'vmlinux.h'
/** To be raised when vmlinuxText() returns another text. */
const textVersion = '2'
const kernelBtf = '/sys/kernel/btf/vmlinux'
const kernelNotes = '/sys/kernel/notes'

/** A folder with a vmlinux.h, which clang searches last. */
export interface Vmlinux {
  readonly folder: string
  readonly header: string
  /** The digest of the header's text. */
  readonly content: string
  /** The header's origin, see vmlinuxOrigin(); undefined for a header of the user. */
  readonly origin: string | undefined
}

/** No vmlinux.h, with the reason and what to do. */
export interface NoVmlinux {
  readonly reason: string
}

/**
 * Returns a digest of what a generated header is generated from, cheap to compute. Undefined if there is nothing to
 * generate it from.
 */
export function vmlinuxOrigin(options: ResolvedOptions): string | undefined {
  try {
    if (options.vmlinux !== 'auto')
      return digest(textVersion, 'file', readFileSync(options.vmlinux))
    const { size } = statSync(kernelBtf)
    // The notes have the kernel's build id, a hash of the whole kernel: 164 bytes to read instead of 5 MB.
    return digest(textVersion, release(), version(), String(size), readFileSync(kernelNotes))
  } catch {
    return undefined
  }
}

const running = new Map<string, Promise<Vmlinux | NoVmlinux>>()

/** Returns the header that the option `vmlinux` asks for, from the cache or generated now. */
export function provideVmlinux(options: ResolvedOptions): Promise<Vmlinux | NoVmlinux> {
  const origin = vmlinuxOrigin(options)
  if (origin === undefined) return Promise.resolve({ reason: noOriginReason(options.vmlinux) })
  const folder = join(options.cacheDir, 'vmlinux', origin.slice(0, 32))
  let known = running.get(folder)
  if (!known) {
    known = cachedOrGenerated(folder, options.vmlinux, origin).finally(() => running.delete(folder))
    running.set(folder, known)
  }
  return known
}

async function cachedOrGenerated(
  folder: string,
  source: string,
  origin: string,
): Promise<Vmlinux | NoVmlinux> {
  const cached =
    (await intactHeader(folder, origin)) ?? (await intactHeader(temporaryFolderFor(folder), origin))
  if (cached) return cached
  const started = performance.now()
  try {
    const text = generateText(source)
    const content = digest(text)
    const made = await write(folder, `/* ${content}: SHA-256 of the following */\n${text}`)
    debug?.('%s made from %s (%d ms)', made, source, Math.round(performance.now() - started))
    return { folder: made, header: join(made, vmlinuxHeader), content, origin }
  } catch (error) {
    return { reason: `none can be generated from ${sourceFile(source)}: ${String(error)}` }
  }
}

/** Reads the header's text. Undefined if its content has changed. */
export async function headerText({ content, header }: Vmlinux): Promise<string | undefined> {
  const text = await readFile(header, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  return digest(text) === content || verifiedChecksum(text) === content ? text : undefined
}

async function intactHeader(
  folder: string | undefined,
  origin: string,
): Promise<Vmlinux | undefined> {
  if (folder === undefined) return undefined
  const header = join(folder, vmlinuxHeader)
  const content = checksumOf(header)
  return content ? { folder, header, content, origin } : undefined
}

const checksumOf = memoiseByStat((header) => {
  const text = readOwnedFile(header)?.toString()
  return text && verifiedChecksum(text)
})

/** Writes a header into `folder`, or into a temporary one if the cache is read-only. Resolves to the folder. */
async function write(folder: string, text: string): Promise<string> {
  try {
    await writeAtomic(join(folder, vmlinuxHeader), text)
    return folder
  } catch (error) {
    debug?.('%s cannot be written: %s', folder, error)
    temporaryCache ??= temporaryFolder().path
    const substitute = join(temporaryCache, basename(folder))
    await writeAtomic(join(substitute, vmlinuxHeader), text)
    return substitute
  }
}

/** Returns this process's substitute for a read-only folder. */
const temporaryFolderFor = (folder: string): string | undefined =>
  temporaryCache && join(temporaryCache, basename(folder))

let temporaryCache: string | undefined

/** Returns the digest in a cached header's first line, if it is that of the rest. */
function verifiedChecksum(text: string): string | undefined {
  const end = text.indexOf('\n')
  const seal = /^\/\* ([0-9a-f]{64}): /.exec(text.slice(0, end))?.[1]
  return seal === digest(text.slice(end + 1)) ? seal : undefined
}

const sourceFile = (source: string): string => (source === 'auto' ? kernelBtf : source)

function generateText(source: string): string {
  // Read at once: sysfs generates the file again for each piece that is read.
  const bytes = readFileSync(sourceFile(source))
  const btf = btfOf(bytes)
  return btf ? vmlinuxText(readBtf(btf)) : bytes.toString()
}

/** Returns raw BTF, or the BTF of an ELF file such as a kernel image; undefined for a header. */
function btfOf(bytes: Uint8Array): Uint8Array | undefined {
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('latin1')
  if (magic.startsWith('\x9f\xeb') || magic.startsWith('\xeb\x9f')) return bytes
  if (magic !== '\x7fELF') return undefined
  const section = readElf(bytes).sections.find(({ name }) => name === '.BTF')
  if (!section) throw new Error('it has no section .BTF')
  return section.data
}

function noOriginReason(source: string): string {
  return source === 'auto'
    ? `none can be generated: this kernel has no BTF (${kernelBtf} does not exist). Put a vmlinux.h into an include folder, or set the option vmlinux to a vmlinux.h or a kernel's BTF`
    : `none can be generated: ${source} cannot be read. Set the option vmlinux to a vmlinux.h, a kernel's BTF, or 'auto' for this kernel`
}
