/**
 * The work in JavaScript, bundled by bench.mjs: `node agent.mjs WHAT ROUNDS` prints figures, a line each. Times are
 * nanoseconds a piece, medians of the rounds.
 */
import { spawn } from 'node:child_process'

import bench, { types } from './programs/bench.bpf.c'
import kernel from './programs/kernel.bpf.c'
import tiny from './programs/tiny.bpf.c'

const pieces = 10_000
const warmUp = 10
/** arch/x86/entry/syscalls/syscall_64.tbl and asm-generic/unistd.h */
const getppid = process.arch === 'x64' ? 110 : 173

/** So that nothing read is optimised away. Of 32 bits: beyond, V8 would allocate a number each time. */
let sum = 0

const [what, words, reference] = process.argv.slice(2)
const rounds = Number(words)

/** Nanoseconds of `work`, a piece. */
async function measure(before, work, count = pieces) {
  const times = []
  for (let round = -warmUp; round < rounds; round++) {
    before()
    const start = process.hrtime.bigint()
    const working = work()
    if (working) await working
    if (round >= 0) times.push(Number(process.hrtime.bigint() - start) / count)
  }
  return median(times)
}

function median(times) {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}

function filled(program) {
  const skel = bench.openAndLoad()
  const ctx = new Uint8Array(Uint32Array.of(pieces).buffer)
  const samples = skel.maps.samples.as(types.sample)
  return { skel, samples, fill: () => void skel.progs[program].testRun({ ctx }) }
}

function requireAll(count) {
  if (count !== pieces) throw new Error(`${count} of ${pieces} arrived`)
}

const works = {
  /** Three u32 of each record off the view. */
  async consume() {
    const { samples, fill } = filled('fill_ring')
    const drain = () =>
      requireAll(
        samples.consume((record) => {
          sum = record.pid ^ record.cpu ^ record.kind
        }),
      )
    return [await measure(fill, drain)]
  },

  /** One u64, a bigint. */
  async bigint() {
    const { samples, fill } = filled('fill_ring')
    const drain = () =>
      requireAll(
        samples.consume((record) => {
          if (record.time === 1n) sum++
        }),
      )
    return [await measure(fill, drain)]
  },

  /** Whole records as objects: by the codec, and the same written by hand. */
  async decode() {
    const { size } = types.sample
    const bytes = new Uint8Array(pieces * size)
    for (let i = 0; i < pieces; i++) {
      const one = { time: i, pid: i, cpu: i & 7, kind: 3, flags: 1, comm: 'some-command' }
      types.sample.encode(one, bytes, i * size)
    }
    const data = new DataView(bytes.buffer)
    const byCodec = () => {
      for (let i = 0; i < pieces; i++) {
        const record = types.sample.decode(bytes, i * size)
        sum = (sum + record.pid + record.comm.length) | 0
      }
    }
    const byHand = () => {
      for (let i = 0; i < pieces; i++) {
        const offset = i * size
        const record = {
          time: data.getBigUint64(offset, true),
          pid: data.getUint32(offset + 8, true),
          cpu: data.getUint32(offset + 12, true),
          kind: data.getUint32(offset + 16, true),
          flags: data.getUint32(offset + 20, true),
          comm: text(bytes, offset + 24, 16),
        }
        sum = (sum + record.pid + record.comm.length) | 0
      }
    }
    return [await measure(nothing, byCodec), await measure(nothing, byHand)]
  },

  /** Objects through a listener, and through `for await`. */
  async stream() {
    const { samples, fill } = filled('fill_ring')
    const listen = () =>
      new Promise((resolve) => {
        let left = pieces
        const subscription = samples.on((record) => {
          sum = (sum + record.pid) | 0
          if (--left > 0) return
          subscription.stop()
          resolve()
        })
      })
    const loop = async () => {
      let left = pieces
      for await (const record of samples) {
        sum = (sum + record.pid) | 0
        if (--left === 0) break
      }
    }
    return [
      await measure(fill, listen),
      await measure(fill, loop),
      await measure(nothing, forAwaitAlone),
    ]
  },

  /** From submit to callback; and the CPU that waiting takes, in percent. */
  async latency() {
    const skel = bench.open()
    const stdio = ['pipe', 'ignore', 'inherit']
    const ticker = spawn(reference, ['tick', String(rounds)], { stdio })
    skel.bss.ticker = { pid: ticker.pid, syscall: getppid }
    skel.load().attach()
    const times = []
    const subscription = skel.maps.samples.as(types.sample).on(({ time }) => {
      times.push(Number(process.hrtime.bigint() - time))
    })
    ticker.stdin.end('g')
    await new Promise((resolve) => ticker.on('close', resolve))
    await pause(100)
    if (times.length < rounds) throw new Error(`${times.length} of ${rounds} woke it`)
    const before = process.cpuUsage()
    await pause(2000)
    const { user, system } = process.cpuUsage(before)
    subscription.stop()
    return [median(times), (100 * (user + system)) / 2_000_000]
  },

  async get() {
    const { skel, fill } = filled('fill_map')
    fill()
    const { entries } = skel.maps
    const all = () => {
      for (let id = 0; id < pieces; id++) {
        const value = entries.get({ id, kind: 7 })
        if (value) sum = (sum + value.packets + value.name.length) | 0
      }
    }
    return [await measure(nothing, all)]
  },

  async iterate() {
    const { skel, fill } = filled('fill_map')
    fill()
    const all = () => {
      let count = 0
      for (const [key, value] of skel.maps.entries) {
        sum = (sum + key.id + value.packets + value.name.length) | 0
        count++
      }
      requireAll(count)
    }
    return [await measure(nothing, all)]
  },

  async tiny() {
    return [await measure(nothing, () => tiny.openAndLoad().destroy(), 1)]
  },

  async kernel() {
    return [await measure(nothing, () => kernel.openAndLoad().destroy(), 1)]
  },
}

function nothing() {}

/** What V8 takes for `for await` itself. */
async function forAwaitAlone() {
  let left = pieces
  const result = { done: false, value: { pid: 1 } }
  const iterator = { next: () => Promise.resolve(result), return: () => Promise.resolve(result) }
  for await (const record of { [Symbol.asyncIterator]: () => iterator }) {
    sum = (sum + record.pid) | 0
    if (--left === 0) break
  }
}

/** As one would write it: to the first NUL, all of it ASCII. */
function text(bytes, start, length) {
  let result = ''
  for (let i = start; i < start + length; i++) {
    if (bytes[i] === 0) break
    result += String.fromCharCode(bytes[i])
  }
  return result
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

const work = works[what]
if (!work) throw new Error(`usage: agent.mjs ${Object.keys(works).join('|')} ROUNDS`)
console.log((await work()).join('\n'))
process.exit(Number.isNaN(sum) ? 1 : 0)
