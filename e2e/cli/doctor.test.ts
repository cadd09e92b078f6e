import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isRoot = process.platform === 'linux' && process.getuid?.() === 0

interface Check {
  name: string
  ok: boolean
  found: string
  todo?: string
}

interface Result {
  status: number
  /** By name. */
  checks: Record<string, Check>
}

/** What `doctor --json` says, run by `prefix` and with `env` over this process's own. */
function doctor(prefix: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const command = [...prefix, process.execPath, 'dist/cli.mjs', 'doctor', '--json']
  const [program = '', ...args] = command
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: root, env: { ...process.env, ...env } }, (error, stdout) => {
      if (error && error.code !== 1) return reject(error)
      const { build, load, optional } = JSON.parse(stdout) as Record<string, Check[]>
      const checks = [build, load, optional].flatMap((list) => list ?? [])
      resolve({
        status: error ? 1 : 0,
        checks: Object.fromEntries(checks.map((check) => [check.name, check])),
      })
    })
  })
}

const lacking = (found: RegExp, todo: RegExp): object => ({
  ok: false,
  found: expect.stringMatching(found),
  todo: expect.stringMatching(todo),
})

const needs = isRoot ? '' : ' (skipped: needs root)'

describe('doctor says what is missing and what to do', () => {
  test('without clang', async () => {
    const { status, checks } = await doctor([], { BPF_CLANG: '/no/clang' })
    expect(status).toBe(1)
    expect(checks['clang']).toMatchObject(lacking(/tried \/no\/clang/, /apt install clang/))
  })

  test.each([
    ['/no/libbpf.so', /^\/no\/libbpf\.so does not load: .*No such file/],
    ['/etc/passwd', /does not load/],
    ['libc.so.6', /^libc\.so\.6 has no function libbpf_\w+\(\): it is another library/],
  ])('with %s for libbpf', async (name, found) => {
    const { status, checks } = await doctor([], { BPF_LIBBPF: name })
    expect(status).toBe(1)
    expect(checks['libbpf']).toMatchObject(lacking(found, /libbpf\.so\.1 of version 1\.0/))
  })

  test.skipIf(!isRoot)(`without capabilities${needs}`, async () => {
    const { status, checks } = await doctor([
      'setpriv',
      '--bounding-set=-all',
      '--inh-caps=-all',
      '--ambient-caps=-all',
      '--',
    ])
    expect(status).toBe(1)
    expect(checks['privileges']).toMatchObject(
      lacking(/lacks CAP_BPF and CAP_PERFMON/, /container.*--cap-add=BPF --cap-add=PERFMON/),
    )
  })

  test.skipIf(!isRoot)(
    `as a user with some capabilities: which programs need more${needs}`,
    async () => {
      const some = ['inh-caps', 'ambient-caps', 'bounding-set'].map(
        (set) => `--${set}=-all,+bpf,+perfmon,+dac_override`,
      )
      const { checks } = await doctor(['setpriv', '--reuid=65534', '--clear-groups', ...some, '--'])
      expect(checks['privileges']).toMatchObject({ ok: true })
      expect(checks['CAP_NET_ADMIN']).toMatchObject(
        lacking(/lacks it: for .*\bxdp\b/, /sudo.*setcap cap_bpf,cap_perfmon,cap_net_admin/),
      )
      expect(checks['CAP_SYS_ADMIN']).toMatchObject(lacking(/attachUprobe\(\)/, /cap_sys_admin/))
    },
  )

  test('which Node runs it', async () => {
    const { checks } = await doctor([])
    expect(checks['Node']).toEqual({
      name: 'Node',
      ok: true,
      found: `Node ${process.versions.node}`,
    })
  })

  test.skipIf(!isRoot)(`where kprobes cannot be${needs}`, async () => {
    const events = '/sys/bus/event_source/devices'
    const hide = `mount -t tmpfs none ${events} && mkdir ${events}/software; exec "$@"`
    const { checks } = await doctor(['unshare', '--mount', 'sh', '-c', hide, 'sh'])
    expect(checks['kprobe']).toMatchObject(lacking(/this kernel has none/, /tracepoint or tp_btf/))
  })

  test.skipIf(!isRoot)(`fentry and LSM as this kernel has them${needs}`, async () => {
    const { checks } = await doctor([])
    const path = await mkdtemp(join(tmpdir(), 'unplugin-bpf-doctor-'))
    onTestFinished(() => rm(path, { recursive: true }))
    for (const [name, section] of [
      ['fentry', 'fentry/bpf_fentry_test1'],
      ['LSM', 'lsm/file_open'],
    ]) {
      const [source, object] = [join(path, `${name}.bpf.c`), join(path, `${name}.o`)]
      await writeFile(
        source,
        `#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("${section}") int program(void *ctx) { return 0; }`,
      )
      await execa('node', ['dist/cli.mjs', 'compile', source, '-o', object], { cwd: root })
      const pin = `/sys/fs/bpf/unplugin-bpf-doctor-${process.pid}`
      const { exitCode } = await execa('bpftool', ['prog', 'load', object, pin], { reject: false })
      if (exitCode === 0) await rm(pin)
      expect([name, checks[name ?? '']?.ok]).toEqual([name, exitCode === 0])
    }
  })

  test.skipIf(!isRoot)(`with the capabilities of a user namespace${needs}`, async () => {
    const { status, checks } = await doctor(['unshare', '--user', '--map-root-user'])
    expect(status).toBe(1)
    expect(checks['privileges']).toMatchObject(
      lacking(/root may not create a map: EPERM/, /user namespace only, as in rootless containers/),
    )
  })

  test.skipIf(!isRoot)(`without the kernel's BTF${needs}`, async () => {
    const hide = 'test ! -d /sys/kernel/btf || mount -t tmpfs none /sys/kernel/btf; exec "$@"'
    const { status, checks } = await doctor(['unshare', '--mount', 'sh', '-c', hide, 'sh'])
    expect(status).toBe(1)
    expect(checks['kernel BTF']).toMatchObject(
      lacking(/no \/sys\/kernel\/btf\/vmlinux/, /CONFIG_DEBUG_INFO_BTF/),
    )
    expect(checks['vmlinux.h from']).toMatchObject(lacking(/no \/sys/, /--vmlinux/))
  })

  test.skipIf(!isRoot)(
    `without tracefs and bpffs, which not every program needs${needs}`,
    async () => {
      const script = 'for type in tracefs debugfs bpf; do umount -a -t $type; done; exec "$@"'
      const { checks } = await doctor(['unshare', '--mount', 'sh', '-c', script, 'sh'])
      expect(checks['tracefs']).toMatchObject(lacking(/not mounted/, /mount -t tracefs/))
      expect(checks['bpffs']).toMatchObject(lacking(/not mounted/, /mount -t bpf bpf/))
    },
  )
})
