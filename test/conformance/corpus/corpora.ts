import { carved } from './carved.ts'
import type { Corpus } from './corpus.ts'
import { kernelSources, others73, selftests61, selftests73 } from './kernel-sources.ts'
import { linked } from './linked.ts'
import { samples } from './samples.ts'

/** `CONFORMANCE=full npm run conformance` tries thousands of objects; `npm test` some hundreds. */
export const isFull: boolean = process.env['CONFORMANCE'] === 'full'

interface Origin {
  readonly name: string
  /** The kernel whose source they are of. */
  readonly linux?: string
  /** Downloads, compiles, carves what the cache does not have. Throws Unavailable. */
  readonly obtain: () => Promise<readonly Corpus[]>
}

const PACKAGES = [
  { suite: 'bookworm', name: 'libbpf-tools' },
  { suite: 'bookworm', name: 'xdp-tools' },
  { suite: 'bookworm', name: 'golang-github-cilium-ebpf-dev' },
  // Debian 12's is built without BPF.
  { suite: 'trixie', name: 'systemd' },
] as const

const few: readonly Origin[] = [
  { name: 'packages of Debian', obtain: () => Promise.all(PACKAGES.map(carved)) },
  { name: 'samples of Linux 6.1', obtain: samples },
  {
    name: 'selftests of Linux 6.1',
    linux: '6.1',
    obtain: async () => [await kernelSources(selftests61)],
  },
]

const more: readonly Origin[] = [
  {
    name: 'selftests of Linux 7.3',
    linux: '7.3',
    obtain: async () => [await kernelSources(selftests73)],
  },
  {
    name: 'selftests of Linux 7.3, linked',
    linux: '7.3',
    obtain: async () => [await linked(await kernelSources(selftests73))],
  },
  ...others73.map((place) => ({
    name: place.name,
    linux: '7.3',
    obtain: async () => [await kernelSources(place)],
  })),
]

/** All by people who know nothing of this project. */
export const CORPORA: readonly Origin[] = isFull ? [...few, ...more] : few
