import { existsSync } from 'node:fs'

import { findClang } from '../../compile/clang/find-clang.ts'
import { findLibbpfHeaders } from '../../compile/clang/libbpf-names.ts'
import { pathFor } from '../../compile/options/arch.ts'
import type { ResolvedOptions } from '../../compile/options/options.ts'
import { type Check, check } from './check.ts'

export const kernelBtf = '/sys/kernel/btf/vmlinux'

export async function buildChecks(options: ResolvedOptions): Promise<Check[]> {
  const { clang, systemIncludes } = await clangCheck(options)
  const { arch, include } = options
  const folders = arch.flatMap((word) => include.map((path) => pathFor(word, path)))
  return [
    clang,
    headersCheck([...new Set(folders), ...systemIncludes]),
    ...[...new Set(arch.map((word) => pathFor(word, options.vmlinux)))].map(vmlinuxCheck),
  ]
}

interface ClangFound {
  readonly clang: Check
  readonly systemIncludes: readonly string[]
}

async function clangCheck(options: ResolvedOptions): Promise<ClangFound> {
  try {
    const { path, version, systemIncludes } = await findClang(options.clang, options.cacheDir)
    return {
      clang: check('clang', true, `${path}, ${version}, with the BPF target`),
      systemIncludes,
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const [found = '', ...todo] = error.message.split('\n')
    const clang = check('clang', false, found, todo.length > 0 ? todo.join('\n') : undefined)
    return { clang, systemIncludes: ['/usr/local/include', '/usr/include'] }
  }
}

function headersCheck(folders: readonly string[]): Check {
  const headers = findLibbpfHeaders(folders)
  return check(
    'libbpf headers',
    headers !== undefined,
    headers === undefined
      ? `no bpf/bpf_helpers.h in ${folders.join(', ')}`
      : `${headers.folder}, ${headers.version === undefined ? 'of unknown version' : `v${headers.version}`}`,
    'Debian, Ubuntu: apt install libbpf-dev; Fedora: dnf install libbpf-devel; Arch: pacman -S libbpf',
  )
}

/** Only sources that include vmlinux.h need it. */
function vmlinuxCheck(vmlinux: string): Check {
  const path = vmlinux === 'auto' ? kernelBtf : vmlinux
  const ok = existsSync(path)
  return check(
    'vmlinux.h from',
    ok,
    ok ? path : `no ${path}`,
    'Give --vmlinux (option vmlinux) a vmlinux.h, or the raw BTF of another machine',
  )
}
