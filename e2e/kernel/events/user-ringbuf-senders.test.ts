/** Several threads and processes that send into one user ring buffer. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'

import { expect, onTestFinished, test } from 'vitest'

import { getpagesize } from '../../../src/runtime/ffi/libc.ts'
import { Mapping } from '../../../src/runtime/ffi/mapping.ts'
import type { SkeletonInstance, UserRingBuffer } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct message { __u32 sender, n; char padding[20]; };
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); __type(value, struct message); } messages SEC(".maps");
/* By sender: the next number that is due, and those that were not it. */
__u32 due[8], wrong[8];
__s64 drained;

static long on_message(struct bpf_dynptr *record, void *ctx)
{
	struct message message;

	if (bpf_dynptr_read(&message, sizeof(message), record, 0, 0) || message.sender >= 8) {
		wrong[0]++;
		return 0;
	}
	if (message.n != due[message.sender])
		wrong[message.sender]++;
	due[message.sender] = message.n + 1;
	return 0;
}

SEC("syscall")
int drain(void *ctx)
{
	drained = bpf_user_ringbuf_drain(&messages, on_message, 0, 0);
	return 0;
}
`

interface Message {
  sender: number
  n: number
  padding: string
}
interface Test extends SkeletonInstance {
  maps: { messages: UserRingBuffer<Message> }
}

const { default: skel, file } = await build<Test>(source, 'senders')

const perSender = 5000

/** Source that sends all its numbers, trying again while there is no room. Needs `types` and `runtime` in scope. */
const sender = `
  const { BpfMap } = runtime
  function sendAll(id, sender) {
    const ring = BpfMap.fromId(id, 'user_ringbuf').as(types.message)
    for (let n = 0; n < ${perSender}; n++) {
      while (!ring.send({ sender, n, padding: '' }));
    }
  }`

/** Drains until every sender is done. Prints what came. */
const drainer = `
  const trace = skel.openAndLoad()
  const timer = setInterval(() => trace.progs.drain.testRun(), 0)
  await Promise.all(start(trace.maps.messages.id))
  clearInterval(timer)
  trace.progs.drain.testRun()
  console.log(JSON.stringify({ due: trace.bss.due.toArray(), wrong: trace.bss.wrong.toArray(), drained: Number(trace.bss.drained) >= 0 }))
  trace.destroy()`

const allCame = {
  due: [perSender, perSender, perSender, 0, 0, 0, 0, 0],
  wrong: [0, 0, 0, 0, 0, 0, 0, 0],
  drained: true,
}

function load(): { messages: UserRingBuffer<Message>; lock: BigUint64Array } {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const page = getpagesize()
  const mapping = new Mapping(loaded.maps.messages.fd, page, true, page)
  onTestFinished(() => mapping.retire())
  return { messages: loaded.maps.messages, lock: new BigUint64Array(mapping.buffer, page - 8, 1) }
}

/** The upper half of a lock's holder id: this process's PID namespace. */
const namespace = BigInt(statSync('/proc/self/ns/pid').ino) << 32n

const message = { sender: 0, n: 0, padding: '' }

describeInKernel('senders into one user ring buffer', () => {
  test('in several threads: every record that was sent arrives', async () => {
    const { code, stdout, stderr } = await runChild(
      file,
      `import { Worker, isMainThread, workerData } from 'node:worker_threads'
       ${sender}
       if (isMainThread) {
         const start = (id) => [0, 1, 2].map((sender) =>
           new Promise((resolve, reject) => new Worker(new URL(import.meta.url), { workerData: { id, sender } })
             .on('error', reject).on('exit', resolve)))
         ${drainer}
       } else sendAll(workerData.id, workerData.sender)`,
    )
    expect([code, stderr.replaceAll(/^cpu .*\n/gm, '')]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual(allCame)
  })

  test('in several processes: every record that was sent arrives', async () => {
    const { code, stdout, stderr } = await runChild(
      file,
      `import { fork } from 'node:child_process'
       import { fileURLToPath } from 'node:url'
       ${sender}
       const [, , id, number] = process.argv
       if (id === undefined) {
         const start = (id) => [0, 1, 2].map((sender) =>
           new Promise((resolve) => fork(fileURLToPath(import.meta.url), [String(id), String(sender)]).on('exit', resolve)))
         ${drainer}
       } else sendAll(Number(id), Number(number))`,
    )
    expect([code, stderr.replaceAll(/^cpu .*\n/gm, '')]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual(allCame)
  })

  test('go on when one of them ended while it held the lock', async () => {
    const { messages, lock } = load()
    expect(messages.send(message)).toBe(true)
    const child = spawn('true')
    const { pid = 0 } = child
    await once(child, 'exit')
    lock[0] = namespace | BigInt(pid)
    expect(messages.send(message)).toBe(true)
    expect(lock[0]).toBe(0n)
  })

  test('fail with EBUSY while one of them is stopped and holds the lock', () => {
    const { messages, lock } = load()
    const child = spawn('sleep', ['60'])
    onTestFinished(() => void child.kill())
    lock[0] = namespace | BigInt(child.pid ?? 0)
    expect(() => messages.send(message)).toThrow(
      expect.objectContaining({
        code: 'EBUSY',
        message: expect.stringMatching(
          new RegExp(`^cannot send to map messages of senders_bpf: thread ${child.pid} has held`),
        ),
      }),
    )
    // A holder in another PID namespace is not taken for one that ended.
    lock[0] = (1n << 32n) | 0x7fff_fff0n
    expect(() => messages.send(message)).toThrow(expect.objectContaining({ code: 'EBUSY' }))
    lock[0] = 0n
    expect(messages.send(message)).toBe(true)
  })
})
