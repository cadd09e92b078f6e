/** As Node names them. */
export type Architecture = 'x64' | 'arm64'

/** What qemu makes a machine of an architecture of. */
export interface Machine {
  readonly qemu: string
  readonly board: string
  /** The kernel's name of the first serial port, for its messages. */
  readonly console: string
  /** And of the second, for what programs say. */
  readonly output: string
  /** Adds the second, which writes to a file. */
  readonly port: (file: string) => readonly string[]
}

export const machines: Readonly<Record<Architecture, Machine>> = {
  x64: {
    qemu: 'qemu-system-x86_64',
    board: 'pc',
    console: 'ttyS0',
    output: 'ttyS1',
    port: (file) => ['-serial', `file:${file}`],
  },
  arm64: {
    qemu: 'qemu-system-aarch64',
    board: 'virt',
    console: 'ttyAMA0',
    output: 'ttyS0',
    // The board has one port only.
    port: (file) => ['-chardev', `file,id=port,path=${file}`, '-device', 'pci-serial,chardev=port'],
  },
}

/** Undefined for this machine's own. */
export function debianArchitecture(architecture: Architecture): string | undefined {
  if (architecture === process.arch) return undefined
  return architecture === 'x64' ? 'amd64' : architecture
}
