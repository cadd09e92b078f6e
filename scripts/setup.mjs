/**
 * `node scripts/setup.mjs demo | test | bench | matrix | docs`: takes a bare clone to where that script can run. It installs the npm
 * packages and, on Debian and Ubuntu, the system packages that are lacking; elsewhere it prints what to install.
 *
 * Plain JavaScript of `node:` imports: it runs before any package is there, and Node 20 runs no TypeScript. The
 * scripts call it themselves, since npm skips `pre*` scripts under ignore-scripts.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const everyMode = ['demo', 'test', 'bench', 'matrix', 'docs']
const loadModes = everyMode.filter((mode) => mode !== 'docs')
const mode = process.argv[2] ?? ''
/** The matrix is a part of the tests, in more kernels. */
const modes = mode === 'matrix' ? ['test', mode] : [mode]
/** Where npm packages are installed. The site's stand apart: an agent's demo is not to wait for them. */
const npmFolders = modes.some((one) => ['test', 'docs'].includes(one)) ? ['.', 'docs'] : ['.']

/**
 * What the scripts need of the system: how to see that it is there, and its packages by package manager. A part with
 * `without` can be lacking; the words say what is lost.
 */
const parts = [
  {
    name: 'clang with the BPF target',
    modes: loadModes,
    present: hasBpfClang,
    packages: { apt: newestClang, dnf: 'clang', pacman: 'clang', apk: 'clang', brew: 'llvm' },
  },
  {
    name: 'libbpf headers',
    modes: loadModes,
    present: () => hasHeader('bpf/bpf_helpers.h'),
    packages: { apt: 'libbpf-dev', dnf: 'libbpf-devel', pacman: 'libbpf', apk: 'libbpf-dev' },
  },
  {
    name: 'libbpf.so.1',
    modes: loadModes,
    present: hasLibbpf,
    packages: { apt: 'libbpf1', dnf: 'libbpf', pacman: 'libbpf', apk: 'libbpf' },
    without: 'programs can be bundled, not loaded',
  },
  {
    name: 'a C and C++ compiler',
    modes: ['test', 'bench'],
    present: () => which('gcc') && which('g++'),
    packages: { apt: 'gcc g++', dnf: 'gcc gcc-c++', pacman: 'gcc', apk: 'gcc g++' },
  },
  {
    name: 'the C library headers',
    modes: ['test', 'bench'],
    present: () => hasHeader('stdio.h'),
    packages: { apt: 'libc6-dev', dnf: 'glibc-devel', pacman: 'glibc', apk: 'musl-dev' },
  },
  {
    name: 'bpftool',
    modes: ['test', 'bench'],
    present: () => which('bpftool'),
    // Ubuntu has it inside the kernel's tools.
    packages: {
      apt: () => (inArchive('bpftool') ? 'bpftool' : 'linux-tools-common linux-tools-generic'),
      dnf: 'bpftool',
      pacman: 'bpf',
      apk: 'bpftool',
    },
  },
  {
    // Tests build a newer bpftool and libbpf of the kernel's source: test/debian.
    name: 'make, xz, zstd, lz4, python3, libelf and zlib headers',
    modes: ['test', 'bench'],
    present: () =>
      ['make', 'xz', 'zstd', 'lz4', 'python3'].every(which) &&
      ['libelf.h', 'zlib.h'].every(hasHeader),
    packages: {
      apt: 'make xz-utils zstd lz4 python3 libelf-dev zlib1g-dev',
      dnf: 'make xz zstd lz4 python3 elfutils-libelf-devel zlib-devel',
      pacman: 'make xz zstd lz4 python libelf zlib',
      apk: 'make xz zstd lz4 python3 elfutils-dev zlib-dev',
    },
    without: 'what needs libbpf 1.8, bpftool 7.8 or the types of other kernels is skipped',
  },
  {
    name: 'qemu and a static busybox',
    modes: ['test'],
    present: () => process.arch !== 'x64' || (which('qemu-system-x86_64') && which('busybox')),
    packages: {
      apt: 'qemu-system-x86 busybox-static',
      dnf: 'qemu-system-x86-core busybox',
      pacman: 'qemu-system-x86 busybox',
      apk: 'qemu-system-x86_64 busybox-static',
    },
    without: 'tests in other kernels are skipped',
  },
  {
    name: 'valgrind',
    modes: ['test'],
    present: () => which('valgrind'),
    packages: { apt: 'valgrind libc6-dbg', dnf: 'valgrind', pacman: 'valgrind', apk: 'valgrind' },
    without: 'calls into C are not checked for what they read and write',
  },
  {
    name: 'qemu for arm64',
    modes: ['matrix'],
    present: () => which('qemu-system-aarch64'),
    packages: {
      apt: 'qemu-system-arm',
      dnf: 'qemu-system-aarch64-core',
      pacman: 'qemu-system-aarch64',
      apk: 'qemu-system-aarch64',
    },
    without: 'the kernel for arm64 is skipped',
  },
  {
    name: 'Go with cilium/ebpf',
    modes: ['bench'],
    present: () => which('go') && existsSync('/usr/share/gocode/src/github.com/cilium/ebpf'),
    // As Debian packages them: nothing else is fetched.
    packages: { apt: 'golang-go golang-github-cilium-ebpf-dev' },
    without: 'the benchmark has no figures of Go beside ours',
  },
  {
    name: 'sys/sdt.h',
    modes: ['test'],
    present: () => hasHeader('sys/sdt.h'),
    packages: { apt: 'systemtap-sdt-dev', dnf: 'systemtap-sdt-devel' },
    without: 'tests of USDT probes are skipped',
  },
  {
    name: "GCC's BPF back end",
    modes: ['test'],
    present: () => which('bpf-gcc'),
    packages: { apt: 'gcc-bpf' },
    without: 'tests of what GCC compiles are skipped',
  },
  {
    name: 'ip (iproute2)',
    modes: ['test'],
    present: () => which('ip'),
    packages: { apt: 'iproute2', dnf: 'iproute', pacman: 'iproute2', apk: 'iproute2' },
  },
  {
    name: 'chromium',
    modes: ['test'],
    present: () => which('chromium') || which('chromium-browser'),
    packages: { apt: 'chromium', dnf: 'chromium', pacman: 'chromium', apk: 'chromium' },
    without: 'browser tests are skipped',
  },
]

/** The kernel's file systems that tests use; `npm run demo` needs neither. */
const mounts = { tracefs: '/sys/kernel/tracing', bpf: '/sys/fs/bpf' }

// What is there.

/** Where a command lies, also in the sbin folders that a user's PATH may lack (bpftool and ip live there). */
function which(command) {
  return [...searchPath(), '/usr/sbin', '/sbin']
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path))
}

function searchPath() {
  return (process.env.PATH ?? '').split(delimiter).filter((folder) => existsSync(folder))
}

function run(command, args, env = process.env, cwd = root) {
  const stdio = ['ignore', 'pipe', 'pipe']
  return spawnSync(command, args, { cwd, env, stdio, encoding: 'utf8', maxBuffer: 1 << 26 })
}

function output(command, ...args) {
  return run(command, args).stdout ?? ''
}

/** Any clang from 14 on that was built with the BPF target; Debian's may be there under `clang-19` alone. */
function hasBpfClang() {
  if (process.env.BPF_CLANG) return isBpfClang(process.env.BPF_CLANG)
  const names = searchPath().flatMap((folder) => readdirSync(folder))
  const numbered = names.filter((name) => /^clang-\d+$/.test(name)).toSorted(descending)
  return [...new Set([...numbered, 'clang'])].some((name) => isBpfClang(name))
}

function descending(a, b) {
  return b.localeCompare(a, 'en', { numeric: true })
}

function isBpfClang(name) {
  const version = /-(\d+)$/.exec(name) ?? /version (\d+)/.exec(output(name, '--version'))
  return Number(version?.[1]) >= 14 && /^\s*bpf\s/m.test(output(name, '--print-targets'))
}

/** Debian keeps what differs by architecture in a folder of its own. */
const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch] ?? ''

function hasHeader(path) {
  const folders = ['/usr/include', `/usr/include/${triplet}`, '/usr/local/include']
  return folders.some((folder) => existsSync(join(folder, path)))
}

function hasLibbpf() {
  if (process.env.BPF_LIBBPF) return existsSync(process.env.BPF_LIBBPF)
  return (
    [`lib/${triplet}`, 'lib64', 'lib', 'local/lib'].some((folder) =>
      existsSync(join('/usr', folder, 'libbpf.so.1')),
    ) || /libbpf\.so\.1\b/.test(output(which('ldconfig') ?? 'ldconfig', '-p'))
  )
}

function lackingParts() {
  return parts.filter((part) => part.modes.some((one) => modes.includes(one)) && !part.present())
}

/** Whether node_modules holds what the lockfile says, for this platform and with the development packages. */
function npmIsCurrent(folder) {
  // npm writes the hidden lockfile last, so an interrupted install has none.
  const installed = lockedPackages(join(folder, 'node_modules/.package-lock.json'))
  return Object.entries(lockedPackages(join(folder, 'package-lock.json'))).every(
    ([path, wanted]) =>
      path === '' ||
      installed[path]?.version === wanted.version ||
      (installed[path] === undefined && wanted.optional && !isForThisMachine(wanted)),
  )
}

function lockedPackages(path) {
  return existsSync(join(root, path))
    ? JSON.parse(readFileSync(join(root, path), 'utf8')).packages
    : {}
}

/** Of optional packages. Those bound to one libc, or to no platform, are left to npm. */
function isForThisMachine({ os, cpu, libc }) {
  return os?.includes(process.platform) && cpu?.includes(process.arch) && !libc
}

// Installing.

function say(text) {
  process.stdout.write(`set-up: ${text}\n`)
}

function fail(text) {
  process.stderr.write(`set-up: ${text}\n`)
  process.exit(1)
}

function installNpmPackages(folder) {
  const where = folder === '.' ? '' : ` of ${folder}`
  say(`installing npm packages${where} (npm ci)`)
  // NODE_ENV=production would leave the development packages out.
  const args = [
    'ci',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--no-progress',
  ]
  // `npm run` says which npm runs it.
  const npm = process.env.npm_execpath
  const env = { ...process.env, CI: 'true' }
  const cwd = join(root, folder)
  const done = npm ? run(process.execPath, [npm, ...args], env, cwd) : run('npm', args, env, cwd)
  if (done.status === 0) return
  fail(`npm ci failed\n${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`)
}

/** What to put before a command to run it as root, or undefined when there is no way. */
function asRoot() {
  if (process.getuid?.() === 0) return []
  if (!which('sudo')) return undefined
  if (run('sudo', ['-n', 'true']).status === 0) return ['sudo', '-n']
  return process.stdin.isTTY ? ['sudo'] : undefined
}

const managers = {
  apt: { command: 'apt-get', install: 'apt-get install --no-install-recommends' },
  dnf: { command: 'dnf', install: 'dnf install' },
  pacman: { command: 'pacman', install: 'pacman -S --needed' },
  apk: { command: 'apk', install: 'apk add' },
  brew: { command: 'brew', install: 'brew install' },
}

function packageManager() {
  return Object.keys(managers).find((name) => which(managers[name].command))
}

function packagesOf(lacking, manager) {
  const names = lacking.map((part) => part.packages[manager] ?? '')
  const resolved = names.map((name) => (typeof name === 'function' ? name() : name))
  return [...new Set(resolved.flatMap((name) => name.split(' ')))].filter((name) => name !== '')
}

/** 19 is what the project is developed with; else the newest that the archive has. */
function newestClang() {
  const [...found] = output('apt-cache', 'pkgnames', 'clang-').matchAll(/^clang-(\d+)$/gm)
  const versions = found.map((match) => Number(match[1])).filter((version) => version >= 14)
  return `clang-${versions.includes(19) || versions.length === 0 ? 19 : Math.max(...versions)}`
}

function inArchive(name) {
  return /Candidate: (?!\(none\))/.test(output('apt-cache', 'policy', name))
}

async function apt(prefix, ...args) {
  const environment = ['env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C']
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120']
  const [command, ...rest] = [...prefix, ...environment, 'apt-get', ...options, ...args]
  // apt waits for dpkg's lock by itself, not for that of the package lists.
  for (let tries = 0; ; tries++) {
    const done = run(command, rest)
    if (tries === 24 || done.status === 0 || !/Could not get lock/.test(done.stderr)) return done
    await sleep(5000)
  }
}

async function installWithApt(lacking, prefix) {
  if (prefix[0] === 'sudo') say('apt-get is run through sudo')
  const update = await apt(prefix, 'update')
  const names = packagesOf(lacking, 'apt')
  const known = names.filter((name) => inArchive(name))
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) say(`the archive of this system lacks ${unknown.join(', ')}`)
  if (known.length === 0) return
  say(`installing ${known.join(', ')} (apt-get)`)
  const install = await apt(prefix, 'install', '--no-install-recommends', ...known)
  if (install.status !== 0) process.stderr.write(update.stderr + install.stderr)
}

/** Ends the script unless it can go on without what is lacking. */
function reportLacking(lacking) {
  if (lacking.length === 0) return
  const lines = lacking.map(
    ({ name, without }) => `  ${name}${without ? ` (without: ${without})` : ''}`,
  )
  const manager = packageManager()
  const names = packagesOf(lacking, manager)
  if (names.length > 0) {
    lines.push(`install, ${manager === 'brew' ? '' : 'as root, '}with:`)
    lines.push(`  ${managers[manager].install} ${names.join(' ')}`)
  } else {
    lines.push('install clang >= 14 with the BPF target, libbpf >= 1.0 and its headers')
  }
  if (process.platform !== 'linux') {
    lines.push(
      `BPF programs load on Linux alone; ${process.platform} can bundle and type-check them`,
    )
  }
  const text = ['this machine lacks', ...lines].join('\n        ')
  if (lacking.some((part) => !part.without)) fail(text)
  say(text)
}

function mountKernelFileSystems() {
  if (process.platform !== 'linux') return
  const table = readFileSync('/proc/mounts', 'utf8')
  for (const [type, place] of Object.entries(mounts)) {
    if (table.includes(` ${place} ${type} `)) continue
    const [command, ...rest] = [...(asRoot() ?? []), 'mount', '-t', type, type, place]
    const mounted = run(command, rest).status === 0
    say(
      mounted ? `mounted ${type} at ${place}` : `cannot mount ${type} at ${place}: root is needed`,
    )
  }
}

// The run.

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return
  fail(
    `this is Node.js ${process.versions.node}; ^20.19.0 or >=22.12.0 is needed: https://nodejs.org`,
  )
}

/** One set-up of a clone at a time: two `npm ci` in one folder break each other. */
async function lock() {
  const path = join(root, '.setup-lock')
  for (let told = false; ; told = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write ${path}: ${error.message}`)
    }
    if (isAbandoned(path)) rmSync(path, { force: true })
    else if (!told) say('waiting for another set-up of this clone')
    await sleep(250)
  }
  process.on('exit', () => rmSync(path, { force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
}

/** Whether the set-up that holds the lock was killed. */
function isAbandoned(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    if (pid > 0) process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

checkNode()
if (!everyMode.includes(mode)) fail(`usage: node scripts/setup.mjs ${everyMode.join(' | ')}`)
const outdated = () => npmFolders.filter((folder) => !npmIsCurrent(folder))
if (outdated().length > 0 || lackingParts().length > 0) {
  await lock()
  for (const folder of outdated()) installNpmPackages(folder)
  const lacking = lackingParts()
  const prefix = lacking.length > 0 && packageManager() === 'apt' ? asRoot() : undefined
  if (prefix) await installWithApt(lacking, prefix)
  reportLacking(lackingParts())
}
if (!['demo', 'docs'].includes(mode)) mountKernelFileSystems()
