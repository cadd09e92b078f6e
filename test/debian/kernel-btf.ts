import { readFile } from 'node:fs/promises'

import { execa } from 'execa'

import { readElf } from '../../src/elf/elf.ts'
import { Unavailable } from './unavailable.ts'

/** The BTF in a kernel's image: x86's bzImage, or one that is not compressed, such as arm64's. Throws Unavailable. */
export async function kernelBtf(image: string): Promise<Uint8Array> {
  const bytes = await readFile(image)
  if (bytes.toString('latin1', 0x202, 0x206) !== 'HdrS') return btfWithin(bytes, image)
  const kernel = await decompressed(payload(bytes), image)
  const section = readElf(kernel).sections.find(({ name }) => name === '.BTF')
  if (!section) throw new Error(`there is no section .BTF in ${image}`)
  return section.data
}

/** The compressed kernel (Documentation/arch/x86/boot.rst): setup_sects, payload_offset, payload_length. */
function payload(bytes: Buffer): Buffer {
  const setupSectors = bytes.readUInt8(0x1f1) + 1
  const start = setupSectors * 512 + bytes.readUInt32LE(0x248)
  // The last word is the kernel's size (scripts/Makefile.lib: size_append).
  return bytes.subarray(start, start + bytes.readUInt32LE(0x24c) - 4)
}

const COMPRESSIONS = [
  { magic: 'fd377a585a00', command: 'xz' },
  { magic: '28b52ffd', command: 'zstd' },
  { magic: '02214c18', command: 'lz4' },
  { magic: '1f8b08', command: 'gzip' },
]

async function decompressed(input: Buffer, image: string): Promise<Uint8Array> {
  const start = input.toString('hex', 0, 8)
  const command = COMPRESSIONS.find(({ magic }) => start.startsWith(magic))?.command
  if (command === undefined) throw new Error(`${image} is compressed in an unknown way: ${start}`)
  const options = { input, encoding: 'buffer', reject: false, maxBuffer: 2 ** 28 } as const
  const done = await execa(command, ['-dc'], options)
  if (done.code === 'ENOENT') throw new Unavailable(`there is no ${command} to unpack ${image}`)
  if (done.failed) throw new Error(`${command} cannot unpack ${image}: ${done.message}`)
  return done.stdout
}

function btfWithin(bytes: Buffer, image: string): Uint8Array {
  // struct btf_header (uapi/linux/btf.h): magic, version 1, no flags, 24 bytes long, types from offset 0.
  const start = bytes.indexOf('9feb01001800000000000000', 'hex')
  if (start < 0) throw new Error(`there is no BTF in ${image}`)
  const [stringsOffset, stringsLength] = [
    bytes.readUInt32LE(start + 16),
    bytes.readUInt32LE(start + 20),
  ]
  return bytes.subarray(start, start + 24 + stringsOffset + stringsLength)
}
