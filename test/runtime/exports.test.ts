import { describe, expect, it } from 'vitest'

import * as runtime from '../../src/runtime/index.ts'
import * as internal from '../../src/runtime/internal.ts'

/** What completion in an editor shows after `import { } from 'unplugin-bpf/runtime'`, types aside. */
describe('unplugin-bpf/runtime', () => {
  it("is the user's API alone", () => {
    expect(Object.keys(runtime).toSorted()).toEqual([
      'BpfError',
      'BpfMap',
      'Link',
      'VerifierError',
      'enableStats',
      'events',
      'jsonReplacer',
      'ktimeToDate',
      'probe',
      'provideKoffi',
      'setLog',
      'shutdownSignal',
      'snapshot',
      'tracePipe',
    ])
  })
})

describe('unplugin-bpf/internal', () => {
  it('is what generated modules are made of', () => {
    const names = Object.keys(internal).toSorted()
    const programs = names.filter((name) => name.endsWith('Program'))
    expect(programs).toEqual([
      'cgroupProgram',
      'cgroupSkbProgram',
      'extensionProgram',
      'fentryProgram',
      'flowDissectorProgram',
      'iterProgram',
      'kprobeProgram',
      'lsmProgram',
      'netfilterProgram',
      'packetProgram',
      'perfEventProgram',
      'rawTracepointProgram',
      'schedClsProgram',
      'skLookupProgram',
      'skReuseportProgram',
      'socketFilterProgram',
      'sockmapProgram',
      'structOpsProgram',
      'syscallProgram',
      'tracepointProgram',
      'tracingMultiProgram',
      'tracingProgram',
      'xdpProgram',
    ])
    expect(names.filter((name) => !programs.includes(name))).toEqual([
      'arenaMap',
      'arrayMap',
      'arrayOfMaps',
      'bloomFilter',
      'bpfMap',
      'cgroupArray',
      'cgroupStorage',
      'cgrpStorage',
      'coreExplanations',
      'cpuMap',
      'devMap',
      'externExplanations',
      'hashMap',
      'hashOfMaps',
      'inodeStorage',
      'lpmTrie',
      'mmapableArray',
      'newerSection',
      'perArchitecture',
      'perCpuArray',
      'perCpuCgroupStorage',
      'perCpuHashMap',
      'perCpuSectionMap',
      'perfEventArray',
      'progArray',
      'program',
      'queue',
      'ringBuffer',
      'sectionMap',
      'skStorage',
      'skeleton',
      'sockHash',
      'sockMap',
      'stackTraceMap',
      'structOpsMap',
      'taskStorage',
      'usdtSpecs',
      'userRingBuffer',
      'xskMap',
    ])
  })
})
