import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, expect, onTestFinished, test } from 'vitest'

import type {
  BpfMap,
  HashMap,
  OpenOptions,
  SkeletonInstance,
  SyscallProgram,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-options-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const kernelBtf = '/sys/kernel/btf/vmlinux'

/** Reads a field of a struct of the kernel's, wherever this kernel has it. */
const source = `
#include <bpf/bpf_core_read.h>
extern int CONFIG_HZ __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
extern int CONFIG_NO_SUCH_THING __kconfig __weak;
struct task_struct { int pid; } __attribute__((preserve_access_index));
__u64 count;
int hz, offset;
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} kept SEC(".maps");
SEC("syscall")
int run(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	hz = CONFIG_HZ + CONFIG_BPF_SYSCALL + CONFIG_NO_SUCH_THING + (CONFIG_DEFAULT_HOSTNAME[0] == '?');
	offset = bpf_core_field_offset(task->pid);
	count++;
	return 0;
}
`

interface Opened extends SkeletonInstance {
  kconfig: {
    CONFIG_HZ: number
    CONFIG_BPF_SYSCALL: boolean
    CONFIG_DEFAULT_HOSTNAME: string
    CONFIG_NO_SUCH_THING: number
  }
  bss: { count: bigint; hz: number; offset: number }
  maps: { kept: HashMap<number, bigint>; bss: BpfMap }
  progs: { run: SyscallProgram }
}

const { default: skel, file } = await build<Opened>(source, 'optional')

/** A file system for pins, which ends with the process. */
const withPins = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount -t bpf bpf /sys/fs/bpf; mkdir -p /tmp/pins-$$; mount -t bpf bpf /tmp/pins-$$; PINS=/tmp/pins-$$ "$@"; code=$?; umount /tmp/pins-$$; rmdir /tmp/pins-$$; exit $code',
  'sh',
]

function open(options?: OpenOptions): Opened {
  const opened = skel.open(options)
  onTestFinished(() => opened.destroy())
  opened.maps.kept.pinPath = null
  return opened
}

function loaded(options?: OpenOptions): Opened {
  const opened = open(options).load()
  opened.progs.run.testRun()
  return opened
}

describeInKernel('open options', () => {
  test('objectName: what the kernel calls the data sections', () => {
    expect(loaded().maps.bss.info.name).toBe('optional.bss')
    expect(loaded({ objectName: 'renamed' }).maps.bss.info.name).toBe('renamed.bss')
  })

  test("kconfig: in place of the kernel's own", () => {
    const own = loaded()
    expect(own.kconfig).toMatchObject({ CONFIG_BPF_SYSCALL: true, CONFIG_NO_SUCH_THING: 0 })
    expect(own.bss.hz).toBe(own.kconfig.CONFIG_HZ + 1)
    const other = loaded({
      kconfig: '# a comment\nCONFIG_HZ=12345\nCONFIG_DEFAULT_HOSTNAME="here"\nCONFIG_OTHER=y\n',
    })
    expect(other.kconfig).toMatchObject({
      CONFIG_HZ: 12345,
      CONFIG_BPF_SYSCALL: true,
      CONFIG_DEFAULT_HOSTNAME: 'here',
    })
    expect(other.bss.hz).toBe(12346)
    expect(() => {
      other.kconfig.CONFIG_HZ = 1
    }).toThrow(/the kernel configuration is read-only/)
  })

  test('kconfig: what is no value of its variable', () => {
    expect(() => open({ kconfig: 'CONFIG_HZ=y\n' }).load()).toThrow(
      expect.objectContaining({ name: 'BpfError', message: expect.stringContaining('CONFIG_HZ') }),
    )
  })

  test("btfCustomPath: a copy of the kernel's own changes nothing", () => {
    const path = join(folder, 'vmlinux')
    copyFileSync(kernelBtf, path)
    const { offset } = loaded().bss
    expect(offset).toBeGreaterThan(0)
    expect(loaded({ btfCustomPath: path }).bss.offset).toBe(offset)
  })

  test('btfCustomPath: of another layout moves the field', async () => {
    // The BTF of an object in which the struct is another.
    const { default: other } = await build<SkeletonInstance>(
      `struct task_struct { char before[4242]; int pid; };
       struct task_struct *unused;
       SEC("syscall") int read(void *ctx) { return unused ? unused->pid : 0; }`,
      'other',
    )
    const path = join(folder, 'other.o')
    writeFileSync(path, other.object)
    expect(loaded({ btfCustomPath: path }).bss.offset).toBe(4244)
  })

  test.each([
    ['garbage', () => 'this is no BTF at all, whatever its length may be'],
    ['nothing', () => ''],
    ["half of the kernel's", () => readFileSync(kernelBtf).subarray(0, 1_000_000)],
  ])('btfCustomPath: %s is refused', (name, content) => {
    const path = join(folder, name.replaceAll(/\W/g, '-'))
    writeFileSync(path, content())
    expect(() => open({ btfCustomPath: path }).load()).toThrow(
      expect.objectContaining({ name: 'BpfError', message: expect.stringMatching(/BTF/) }),
    )
  })

  test('btfCustomPath: what is not there is named', () => {
    expect(() => open({ btfCustomPath: '/no/such/btf' }).load()).toThrow(/BTF.*ENOENT/)
  })

  test('kernelLogLevel: what the verifier says of programs it accepts', () => {
    expect(loaded().progs.run.log).toBe('')
    expect(loaded({ kernelLogLevel: 1 }).progs.run.log).toMatch(/processed \d+ insns/)
    expect(loaded({ kernelLogLevel: 2 }).progs.run.log).toMatch(/exit[^]*processed \d+ insns/)
    expect(loaded({ kernelLogLevel: 4 }).progs.run.log).toMatch(/processed \d+ insns/)
  })

  test('kernelLogLevel: the program that is refused is blamed, not one that was accepted', async () => {
    const { default: mixed } = await build<SkeletonInstance>(
      `SEC("syscall") int good(void *ctx) { return 0; }
       SEC("syscall") int bad(void *ctx) { return *(int *)bpf_ktime_get_ns(); }
       SEC("syscall") int never(void *ctx) { return 0; }`,
      'mixed',
    )
    const blamed = expect.objectContaining({ name: 'VerifierError', program: 'bad' })
    expect(() => mixed.open({ kernelLogLevel: 2 }).load()).toThrow(blamed)
    await expect(mixed.open({ kernelLogLevel: 2 }).loadAsync()).rejects.toEqual(blamed)
  })

  test('relaxedMaps: attributes of maps that libbpf does not know', async () => {
    const { default: strange } = await build<SkeletonInstance>(
      `struct {
         __uint(type, BPF_MAP_TYPE_ARRAY);
         __uint(max_entries, 1);
         __type(key, __u32);
         __type(value, __u32);
         __uint(frobnication, 7);
       } odd SEC(".maps");
       SEC("syscall") int use(void *ctx) { __u32 key = 0; return bpf_map_lookup_elem(&odd, &key) != 0; }`,
      'strange',
    )
    expect(() => strange.open()).toThrow(/unknown field 'frobnication'/)
    strange.open({ relaxedMaps: true }).load().destroy()
  })

  test('pinRootPath: maps that are pinned by name are found again', async () => {
    const { code, stdout, stderr } = await runChild(
      file,
      `const { existsSync } = await import('node:fs')
       const pinRootPath = process.env.PINS
       const first = skel.open({ pinRootPath }).load()
       first.maps.kept.set(1, 11n)
       const second = skel.open({ pinRootPath }).load()
       console.log(second.maps.kept.id === first.maps.kept.id, second.maps.kept.get(1))
       first.destroy(); second.destroy()
       const third = skel.open({ pinRootPath }).load()
       console.log(third.maps.kept.get(1), third.maps.kept.pinPath === pinRootPath + '/kept')
       // Another kind of map under the name is left alone.
       const fourth = skel.open({ pinRootPath })
       fourth.maps.kept.maxEntries = 16
       try { fourth.load() } catch (error) { console.log(error.name, error.message) }
       fourth.destroy()
       third.maps.kept.unpin()
       third.destroy()
       console.log(existsSync(pinRootPath + '/kept'), existsSync('/sys/fs/bpf/kept'))
       const standard = skel.open().load()
       console.log(existsSync('/sys/fs/bpf/kept'), standard.maps.kept.get(1))
       process.exit(0)`,
      { prefix: withPins },
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout.trimEnd().split('\n')).toEqual([
      'true 11n',
      '11n true',
      expect.stringMatching(/^BpfError cannot load optional.*(mismatch|incompatible|parameter)/),
      'false false',
      'true undefined',
    ])
  })

  test('pinRootPath: what is no BPF file system is named', async () => {
    const here = skel.open({ pinRootPath: folder })
    onTestFinished(() => here.destroy())
    expect(() => here.load()).toThrow(
      expect.objectContaining({
        name: 'BpfError',
        message: expect.stringMatching(/not on BPF FS[^]*mount -t bpf/),
      }),
    )
  })

  test('bpfTokenPath: needs libbpf 1.4, and a file system that hands out tokens', () => {
    const path = '/sys/fs/bpf'
    expect(() => open({ bpfTokenPath: path }).load()).toThrow(
      expect.objectContaining({
        name: 'BpfError',
        message: expect.stringMatching(/libbpf 1\.4|token/),
      }),
    )
  })

  test.each<[string, unknown]>([
    ['objectName', 1],
    ['relaxedMaps', 'yes'],
    ['pinRootPath', null],
    ['kconfig', {}],
    ['btfCustomPath', Symbol('x')],
    ['kernelLogLevel', '1'],
    ['kernelLogLevel', -1],
    ['kernelLogLevel', 1.5],
    ['objectName', 'a\0b'],
    ['logLevel', 1],
  ])('%s is not %s', (name, value) => {
    expect(() => skel.open({ [name]: value })).toThrow(/must be|no option|NUL/)
  })
})
