/** A file of an archive; folders on the way to it are made. */
export interface CpioFile {
  /** Without a leading slash: `bin/node`. */
  readonly path: string
  readonly content: Uint8Array
  readonly executable?: boolean
}

const REGULAR = 0o100000
const DIRECTORY = 0o040000

/**
 * An archive as the kernel unpacks for its first root file system: the "new" ASCII format (Documentation/driver-api/
 * early-userspace/buffer-format.rst). Archives may follow one another in one image.
 */
export function cpio(files: readonly CpioFile[]): Buffer {
  const parts: Uint8Array[] = []
  const folders = new Set<string>()
  for (const { path, content, executable = false } of files) {
    const names = path.split('/')
    for (let depth = 1; depth < names.length; depth++) {
      const folder = names.slice(0, depth).join('/')
      if (folders.has(folder)) continue
      folders.add(folder)
      parts.push(...entry(folder, DIRECTORY | 0o755, new Uint8Array()))
    }
    parts.push(...entry(path, REGULAR | (executable ? 0o755 : 0o644), content))
  }
  parts.push(...entry('TRAILER!!!', 0, new Uint8Array()))
  return Buffer.concat(parts)
}

function entry(name: string, mode: number, content: Uint8Array): Uint8Array[] {
  const named = Buffer.from(`${name}\0`)
  // inode, mode, uid, gid, links, mtime, file size, 4 device numbers, name size, checksum: eight hexadecimal digits each.
  const numbers = [0, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, named.length, 0]
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`
  return [...padded(Buffer.concat([Buffer.from(header, 'latin1'), named])), ...padded(content)]
}

/** Header and content each end at a multiple of four bytes. */
function padded(bytes: Uint8Array): Uint8Array[] {
  return [bytes, new Uint8Array(-bytes.length & 3)]
}
