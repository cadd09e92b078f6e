import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'

import { missingCapabilities } from '../../runtime/capabilities.ts'
import { BpfError } from '../../runtime/error.ts'
import { koffi } from '../../runtime/ffi/koffi.ts'
import { fromLibbpf } from '../../runtime/ffi/library.ts'
import { kernelBtf } from './build.ts'
import { type Check, check } from './check.ts'

export function loadChecks(): Check[] {
  if (process.platform !== 'linux') {
    const found = `this is ${process.platform}`
    return [check('Linux', false, found, 'BPF programs load on Linux 5.8 or newer')]
  }
  return [kernelCheck(), btfCheck(), koffiCheck(), libbpfCheck(), privilegeCheck()]
}

function kernelCheck(): Check {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const ok = major > 5 || (major === 5 && minor >= 8)
  return check('kernel', ok, `Linux ${release()}`, 'Linux 5.8 or newer is needed')
}

function btfCheck(): Check {
  const ok = existsSync(kernelBtf)
  return check(
    'kernel BTF',
    ok,
    ok ? kernelBtf : `no ${kernelBtf}`,
    'CO-RE and BTF tracing programs need a kernel built with CONFIG_DEBUG_INFO_BTF=y,\nor open({ btfCustomPath })',
  )
}

function koffiCheck(): Check {
  return attempt('koffi', () => `koffi ${koffi().version}`)
}

function libbpfCheck(): Check {
  const version = fromLibbpf<string>('libbpf_version_string', 'str', [])
  return attempt('libbpf', () => `${process.env['BPF_LIBBPF'] ?? 'libbpf.so.1'}, ${version()}`)
}

/** The runtime's own errors say what to do. */
function attempt(name: string, find: () => string): Check {
  try {
    return check(name, true, find())
  } catch (error) {
    if (!(error instanceof BpfError) || error.hint === undefined) throw error
    return check(name, false, error.message.replace(`. ${error.hint}`, ''), error.hint)
  }
}

function privilegeCheck(): Check {
  const missing = missingCapabilities(['CAP_BPF', 'CAP_PERFMON'])
  const who = process.geteuid?.() === 0 ? 'root' : `user ${process.geteuid?.()}`
  const lacks = missing.length === 0 ? '' : ` lacks ${missing.join(' and ')}`
  return check(
    'privileges',
    missing.length === 0,
    `${who}${lacks}; ${unprivilegedUse()}`,
    'Run the agent as root, or give the capabilities to a copy of node:\n' +
      'cp "$(command -v node)" ./node-bpf && sudo setcap cap_bpf,cap_perfmon+ep ./node-bpf\n' +
      'Network programs (XDP, tc, sockets) also need cap_net_admin',
  )
}

/** Documentation/admin-guide/sysctl/kernel.rst: 1, off until reboot; 2, off until root changes it. */
function unprivilegedUse(): string {
  const file = '/proc/sys/kernel/unprivileged_bpf_disabled'
  const value = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'unknown'
  return `kernel.unprivileged_bpf_disabled is ${value}`
}
