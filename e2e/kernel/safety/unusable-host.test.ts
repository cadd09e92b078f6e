import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, expect, test } from 'vitest'

import { build } from '../build.ts'
import type { ChildOptions } from '../child.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const { file } = await build(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } seen SEC(".maps");
SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u32 key = 1;
	return bpf_map_delete_elem(&seen, &key);
}
`)
const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-host-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Opens and loads in a child process. Returns its error, or `fine`. */
async function told(options: ChildOptions): Promise<string> {
  const { code, signal, stdout, stderr } = await runChild(
    file,
    `try {
       skel.openAndLoad().destroy()
       console.log('fine')
     } catch (error) {
       console.log(error.constructor === BpfError ? error.code + ' ' + error.message : String(error))
     }`,
    options,
  )
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return stdout.trim()
}

/** A shared library of C. */
function library(name: string, source: string): string {
  const path = join(folder, name)
  execFileSync('gcc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', path], { input: source })
  return path
}

function libbpfOf(major: number, minor: number): string {
  return library(
    `libbpf-${major}.${minor}.so`,
    `unsigned libbpf_major_version(void) { return ${major}; }
     unsigned libbpf_minor_version(void) { return ${minor}; }
     void *libbpf_set_print(void *print) { return 0; }`,
  )
}

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** A copy of a library, as an interrupted download leaves it. */
function cut(part: number): string {
  const whole = readFileSync(library('whole.so', 'char filler[100000] = { 1 };'))
  return written(`cut-${part}.so`, whole.subarray(0, whole.length * part))
}

describeInKernel('an unsuitable libbpf is named, with what to do', () => {
  test.each([
    [
      'a file that there is not',
      () => join(folder, 'none.so'),
      /none\.so does not load: .*No such/,
    ],
    ['a folder', () => folder, /does not load: .*(Is a directory|cannot read)/],
    ['text', () => written('text.so', 'hello\n'), /text\.so does not load: /],
    [
      'a library that ends in its header',
      () => cut(0.004),
      /cut-0\.004\.so (is truncated|does not load)/,
    ],
    [
      'a library that ends in its middle',
      () => cut(0.5),
      /cut-0\.5\.so is truncated: it has \d+ bytes of \d+/,
    ],
    ['a library that lacks its last page', () => cut(0.8), /cut-0\.8\.so is truncated/],
    [
      'another library',
      () => library('other.so', 'int other;'),
      /other\.so has no function libbpf_major_version\(\): it is another library/,
    ],
    ['libbpf 0.8', () => libbpfOf(0, 8), /libbpf-0\.8\.so is libbpf 0\.8\./],
    [
      'a libbpf without its functions',
      () => libbpfOf(1, 2),
      /^ERR_BPF_UNSUPPORTED cannot call bpf_object__open_skeleton\(\): .*libbpf-1\.2\.so lacks it/,
    ],
  ])('%s', async (_what, path, telling) => {
    const message = await told({ env: { BPF_LIBBPF: path() } })
    expect(message).toMatch(telling)
    expect(message).toMatch(
      /^ERR_BPF_UNSUPPORTED cannot .*BPF_LIBBPF must name a libbpf\.so\.1 of version 1\.0/,
    )
  })
})

/** Runs a command with bpf(2) refused by a seccomp filter. */
function withoutBpf(errno: number): string[] {
  const path = join(folder, 'without-bpf')
  execFileSync('gcc', ['-x', 'c', '-', '-o', path], {
    input: `
      #include <linux/filter.h>
      #include <linux/seccomp.h>
      #include <stddef.h>
      #include <stdlib.h>
      #include <sys/prctl.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      int main(int count, char **words)
      {
        struct sock_filter filter[] = {
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | atoi(words[1])),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { 4, filter };
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) execvp(words[2], words + 2);
        return 1;
      }`,
  })
  return [path, String(errno)]
}

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const withCapabilities = (list: string): string[] =>
  ['inh-caps', 'ambient-caps', 'bounding-set'].map((set) => `--${set}=-all,${list}`)
const withoutProc = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none /proc && exec "$0" "$@"',
]

describeInKernel('a host where no program loads has an error of its own', () => {
  chmodSync(dirname(file), 0o755)
  test.each([
    [
      'a kernel without bpf(2)',
      () => withoutBpf(38),
      /^ENOSYS .*not even one of two instructions.*bpf\(2\) is missing: .*CONFIG_BPF_SYSCALL.*gVisor/,
    ],
    ['a seccomp profile', () => withoutBpf(1), /^EPERM .*has CAP_BPF and CAP_PERFMON.*seccomp/],
    ['neither capability', () => nobody, /^EPERM .*lacks CAP_BPF and CAP_PERFMON/],
    [
      'CAP_BPF alone',
      () => [...nobody, ...withCapabilities('+bpf')],
      /^EPERM .*program on_enter.*lacks CAP_PERFMON[.:]/,
    ],
    [
      'CAP_PERFMON alone',
      () => [...nobody, ...withCapabilities('+perfmon')],
      /^EPERM .*lacks CAP_BPF[.:]/,
    ],
    ['no /proc, and the capabilities', () => withoutProc, /^fine$/],
    [
      'no /proc, and no capabilities',
      () => [...withoutProc, ...nobody],
      /^EPERM .*\/proc is not mounted.*mount -t proc/,
    ],
  ])('%s', async (_what, prefix, telling) => {
    expect(await told({ prefix: prefix() })).toMatch(telling)
  })
})
