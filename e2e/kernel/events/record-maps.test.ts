/** Ring buffers and perf event arrays with `__type(value, …)`, which names the record's type and is no size of the map. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import { cHeader } from '../../../src/codegen/c-header.ts'
import { readObject } from '../../../src/object/read-object.ts'
import type { BpfMap, SkeletonInstance } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const exec = promisify(execFile)

interface Test extends SkeletonInstance {
  maps: { records: BpfMap }
}

const value = '__type(value, struct event);'
const sizes = { perf: [4, 4], ring: [0, 0], user: [0, 0] }

describeInKernel('a record map with __type(value, …)', () => {
  test.each([
    ['perf', 'PERF_EVENT_ARRAY', value],
    ['perf', 'PERF_EVENT_ARRAY', `__type(key, int); ${value}`],
    ['perf', 'PERF_EVENT_ARRAY', `__type(key, __u64); ${value}`],
    ['perf', 'PERF_EVENT_ARRAY', ''],
    ['ring', 'RINGBUF', `${value} __uint(max_entries, 4096);`],
    ['ring', 'RINGBUF', `__type(key, int); ${value} __uint(max_entries, 4096);`],
    ['user', 'USER_RINGBUF', `__uint(key_size, 4); ${value} __uint(max_entries, 4096);`],
  ] as const)('loads: %s, %s with %s', async (kind, type, members) => {
    const source = `
struct event { __u64 time; __u32 pid; };
struct { __uint(type, BPF_MAP_TYPE_${type}); ${members} } records SEC(".maps");
SEC("syscall") int use(void *ctx) { return (long)&records == 0; }
`
    const built = await build<Test>(source, 'records')
    const skel = built.default.openAndLoad()
    onTestFinished(() => skel.destroy())
    const { keySize, valueSize } = skel.maps.records.info
    expect([keySize, valueSize]).toEqual(sizes[kind])

    // The C skeleton loads it too.
    const folder = dirname(built.file)
    const object = built.default.object
    await writeFile(
      join(folder, 'records.skel.h'),
      cHeader(readObject(object, { name: 'records_bpf' }), object),
    )
    await writeFile(
      join(folder, 'main.c'),
      `#include <stdio.h>
       #include "records.skel.h"
       int main(void)
       {
         struct records_bpf *s = records_bpf__open_and_load();
         if (!s) return 1;
         printf("%u %u", bpf_map__key_size(s->maps.records), bpf_map__value_size(s->maps.records));
         records_bpf__destroy(s);
         return 0;
       }`,
    )
    await exec('gcc', ['-Wall', '-Werror', 'main.c', '-o', 'main', '-lbpf'], { cwd: folder })
    const { stdout } = await exec(join(folder, 'main'))
    expect(stdout).toBe(sizes[kind].join(' '))
  })
})
