import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'

import { koffi } from '../../runtime/ffi/koffi.ts'
import { fromLibbpf } from '../../runtime/ffi/libbpf.ts'
import { grantAdvice, missingCapabilities, privilegeHint } from '../../runtime/host/capabilities.ts'
import { errnoName } from '../../runtime/host/errno.ts'
import { BpfError } from '../../runtime/host/error.ts'
import { arrayMapErrno } from '../../runtime/probe/certainty.ts'
import { kernelBtf } from './build.ts'
import { type Check, check } from './check.ts'

export function loadChecks(): Check[] {
  if (process.platform !== 'linux') {
    const found = `this is ${process.platform}`
    return [check('Linux', false, found, 'BPF programs load on Linux 5.8 or newer')]
  }
  const koffi = koffiCheck()
  return [nodeCheck(), kernelCheck(), btfCheck(), koffi, libbpfCheck(), privilegeCheck(koffi.ok)]
}

/** package.json: engines. */
function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const ok = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return check('Node', ok, `Node ${process.versions.node}`, 'Node 20.19, 22.12 or newer is needed')
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
  const version = fromLibbpf<string>('str libbpf_version_string()')
  return attempt('libbpf', () => `${process.env['BPF_LIBBPF'] ?? 'libbpf.so.1'}, ${version()}`)
}

/** Makes a check of what throws if it is missing: the runtime's errors say what to do. */
function attempt(name: string, find: () => string): Check {
  try {
    return check(name, true, find())
  } catch (error) {
    if (!(error instanceof BpfError) || error.hint === undefined) throw error
    const found = error.message
      .replace(`. ${error.hint.replace(/\.$/, '')}`, '')
      .replace('cannot open a BPF object: ', '')
    return check(name, false, found, error.hint)
  }
}

/** @param trial whether system calls can be made */
function privilegeCheck(trial: boolean): Check {
  const missing = missingCapabilities(['CAP_BPF', 'CAP_PERFMON'])
  const who = process.geteuid?.() === 0 ? 'root' : `user ${process.geteuid?.()}`
  const refusal = missing.length === 0 && trial ? arrayMapErrno() : 0
  const lacks = missing.length === 0 ? '' : ` lacks ${missing.join(' and ')}`
  const refused = refusal === 0 ? '' : ` may not create a map: ${errnoName(refusal)}`
  return check(
    'privileges',
    missing.length === 0 && refusal === 0,
    `${who}${lacks}${refused}; ${unprivilegedUse()}`,
    refusal === 0
      ? grantAdvice(['CAP_BPF', 'CAP_PERFMON'])
      : (privilegeHint(refusal) ??
          'Look for the refusal in dmesg and in the logs of security modules'),
  )
}

/** Documentation/admin-guide/sysctl/kernel.rst: 1, off until reboot; 2, off until root changes it. */
function unprivilegedUse(): string {
  const file = '/proc/sys/kernel/unprivileged_bpf_disabled'
  const value = existsSync(file) ? readFileSync(file, 'utf8').trim() : 'unknown'
  return `kernel.unprivileged_bpf_disabled is ${value}`
}
