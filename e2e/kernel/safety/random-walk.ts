import { closeSync, writeSync } from 'node:fs'

/** A skeleton as JavaScript sees it. */
interface Opened {
  load(): unknown
  destroy(): void
  maps: Record<string, unknown>
  progs: Record<string, unknown>
  links: Record<string, unknown>
}

export interface Walk {
  skel: { open(): Opened }
  types: Record<string, unknown>
  /** Modules whose exports are called at random, too. */
  modules: object[]
  seed: number
  steps: number
  /** The steps to take of all, by number: minimising leaves out those that a crash does not need. */
  only?: readonly number[]
  /** Descriptor that each step is written to before it is taken, so that the last one is the one that crashed. */
  log: number
}

type Random = (below: number) => number
type Callable = (...args: unknown[]) => unknown

/** Errors that a step may throw; others are faults of this library. */
const expected = new Set(['BpfError', 'VerifierError', 'TypeError', 'RangeError', 'SyntaxError'])
const longestPool = 200

/**
 * Takes any property of any object that a skeleton hands out, and reads it, writes it or calls it with odd values, in
 * any order and at any time. Throwing is fine; ending the process is not.
 * @returns how many steps threw, by the name of the error
 */
export async function randomWalk(walk: Walk): Promise<Record<string, number>> {
  // A generator of its own for each step: what it does is the same when others are left out.
  let ofStep = generator(walk.seed)
  const random: Random = (below) => ofStep(below)
  const thrown: Record<string, number> = {}
  const note = (error: unknown): void => {
    const name = error instanceof Error ? error.name : typeof error
    thrown[name] = (thrown[name] ?? 0) + 1
    // Node's own, of files, have a code too; what is no error, a generator's throw() was given.
    const known = !(error instanceof Error) || expected.has(name) || 'code' in error
    if (!known && error !== onPurpose) throw error
  }
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  const pool: object[] = []
  const open = (): void => {
    const opened = walk.skel.open()
    if (random(4) > 0) opened.load()
    pool.push(...walk.modules, opened, opened.maps, opened.progs, opened.links)
    for (const group of [opened.maps, opened.progs])
      pool.push(...(Object.values(group) as object[]))
  }
  const odd = values(random, pool, walk.types)
  for (const step of walk.only ?? Array.from({ length: walk.steps }, (_, at) => at)) {
    ofStep = generator(walk.seed + Math.imul(step + 1, 0x9e37_79b1))
    if (pool.length === 0 || random(100) === 0) {
      try {
        open()
      } catch (error) {
        // A load may fail because of pins and descriptors of earlier steps.
        note(error)
      }
    }
    while (pool.length > longestPool) pool.splice(random(pool.length), 1)
    const target = pool[random(pool.length)]
    if (!target) continue
    try {
      const names = namesOf(target)
      const name = names[random(names.length)]
      if (name === undefined) continue
      const result = take(step, target, name)
      if (isOurs(result)) pool.push(result)
      else if (result instanceof Promise)
        result.then((value) => isOurs(value) && pool.push(value), note)
    } catch (error) {
      note(error)
    }
    if (random(20) === 0) await new Promise((resolve) => setImmediate(resolve))
    if (random(500) === 0) (globalThis as { gc?: () => void }).gc?.()
  }
  for (const object of pool) {
    try {
      if ('destroy' in object && typeof object.destroy === 'function') object.destroy()
    } catch (error) {
      note(error)
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  return thrown

  function take(step: number, target: object, name: string | symbol): unknown {
    const at = target as Record<string | symbol, unknown>
    const say = (what: string): void => {
      writeSync(
        walk.log,
        `${step} ${target.constructor?.name ?? 'group'} ${String(name)} ${what}\n`,
      )
    }
    const way = random(10)
    if (way < 2) {
      const value = bounded(String(name), odd())
      say(`= ${described(value)}`)
      at[name] = value
      return undefined
    }
    say('?')
    const value = at[name]
    if (name === 'fd' && typeof value === 'number' && random(20) === 0) {
      say('closed behind the back')
      closeSync(value)
    }
    if (typeof value !== 'function' || way === 2) return value
    const args = Array.from({ length: random(4) }, () => bounded(String(name), odd()))
    say(`(${args.map(described).join(', ')})`)
    if (random(12) > 0) return (value as Callable).apply(target, args)
    const [owner, key] = replaceable[random(replaceable.length)] ?? [Math, 'max']
    say(`while ${key} of a prototype or global is another`)
    return whileReplaced(owner, key, odd, () => (value as Callable).apply(target, args))
  }
}

const onPurpose = new Error('on purpose')

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
/** Functions of JavaScript itself that the runtime may call, and users may replace. */
const replaceable: readonly (readonly [owner: object, key: string])[] = [
  ...['max', 'min', 'ceil', 'floor'].map((key) => [Math, key] as const),
  ...['getUint32', 'setUint32', 'getBigUint64', 'setBigUint64', 'buffer', 'byteLength'].map(
    (key) => [DataView.prototype, key] as const,
  ),
  ...['set', 'subarray', 'slice', 'length', 'byteLength', 'buffer'].map(
    (key) => [typedArray, key] as const,
  ),
  ...['slice', 'byteLength'].map((key) => [ArrayBuffer.prototype, key] as const),
  ...['map', 'push', 'entries', 'slice', 'concat'].map((key) => [Array.prototype, key] as const),
  ...['load', 'store', 'exchange'].map((key) => [Atomics, key] as const),
  ...['apply', 'construct'].map((key) => [Reflect, key] as const),
  ...['get', 'set'].map((key) => [WeakMap.prototype, key] as const),
  [TextEncoder.prototype, 'encode'],
  [TextDecoder.prototype, 'decode'],
]

/** Runs something while a function or getter of JavaScript's own returns odd values, now and then. */
function whileReplaced(
  owner: object,
  key: string,
  odd: () => unknown,
  run: () => unknown,
): unknown {
  const before = Object.getOwnPropertyDescriptor(owner, key) ?? {}
  const { defineProperty, apply } = Reflect
  let calls = 0
  const original = (before.get ?? before.value) as Callable
  const replaced = function (this: unknown, ...args: unknown[]): unknown {
    // Mostly as it was, so that something is done until the lie.
    return ++calls % 3 === 0 ? odd() : apply(original, this, args)
  }
  defineProperty(owner, key, { ...before, [before.get ? 'get' : 'value']: replaced })
  try {
    return run()
  } finally {
    defineProperty(owner, key, before)
  }
}

/** Own and inherited names, without those of every object. */
function namesOf(target: object): (string | symbol)[] {
  const names: (string | symbol)[] = []
  for (
    let at: object | null = target;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    names.push(...Reflect.ownKeys(at))
  }
  return names
}

/** Not what every program has: its methods would be Node's to answer for. */
function isOurs(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return !Array.isArray(value) && !ArrayBuffer.isView(value) && !(value instanceof Promise)
}

/** Values that would only ask the kernel for more memory or time than a test may take. */
function bounded(name: string, value: unknown): unknown {
  if (name === 'maxEntries' && typeof value === 'number' && value > 65536) return 4096
  if (typeof value === 'object' && value !== null && name === 'testRun') {
    return { data: new Uint8Array(64), ...value, repeat: 3 }
  }
  return value
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 20))
  if (typeof value === 'object' && value !== null) return value.constructor?.name ?? 'group'
  return typeof value === 'function' ? 'function' : String(value)
}

/** mulberry32: the same walk for the same seed. */
function generator(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

function values(
  random: Random,
  pool: readonly object[],
  types: Record<string, unknown>,
): () => unknown {
  const destroyAny = (): void => {
    const target = pool[random(pool.length)]
    if (target && 'destroy' in target && typeof target.destroy === 'function') target.destroy()
  }
  const choices: (() => unknown)[] = [
    () => undefined,
    () => null,
    () => random(2) === 0,
    () => random(16),
    () => random(2 ** 31),
    () => [-1, 0.5, Number.NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 31), -0][random(9)],
    () => [0n, -1n, 1n << 63n, 1n << 64n, 123n][random(5)],
    () =>
      [
        '',
        'x',
        'a\0b',
        'self',
        'noexist',
        'exist',
        'lo',
        'ingress',
        '/',
        '/proc/self/exe',
        '/sys/fs/bpf/x',
        'x'.repeat(70000),
      ][random(12)],
    () => Symbol('odd'),
    () => new Uint8Array(random(100)),
    () => new Uint8Array(1 << 20),
    () => new Uint8Array(8).buffer,
    () =>
      lying(random(2) === 0 ? new Uint8Array(64) : [1, 2, 3], [0, 1 << 20, -1, 2 ** 40][random(4)]),
    () => detached(random(100)),
    () => resized(random(100)),
    () => ({
      pointer: 8,
      name: 'x',
      fd: 3,
      autoload: true,
      title: 'x',
      liveFd: 3,
      requireFd: () => 3,
    }),
    () =>
      Object.create(
        Object.getPrototypeOf(pool[random(pool.length)] ?? {}) as object | null,
      ) as object,
    () => ({
      layout: {
        kind: 'struct',
        name: '',
        size: 8,
        members: [{ name: 'a', offset: -8, layout: { kind: 'int', size: 8, signed: false } }],
      },
    }),
    () => [lying(['malloc'], 1000), new Proxy([1n], {})][random(2)],
    () => [1, 2, 3],
    () => ({}),
    () => ({ ts: 1, pid: 2, name: 'x' }),
    () => ({ ts: 1n, pid: { valueOf: destroyAny }, name: 'x' }),
    () => ({
      get ts() {
        destroyAny()
        return 1
      },
      pid: 2,
      name: 'x',
    }),
    () => ({ type: 'software', config: 0, frequency: 10 }),
    () => ({ signal: [AbortSignal.abort(), AbortSignal.timeout(5), 1][random(3)] }),
    () => ({ cookie: 1, pid: 'self', mode: 'generic', offset: 8 }),
    () => () => undefined,
    () => () => destroyAny(),
    () => () => {
      throw onPurpose
    },
    () => Object.values(types)[random(Object.keys(types).length)],
    () => pool[random(pool.length)],
    () => pool[random(pool.length)],
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw onPurpose
          },
          ownKeys: () => {
            throw onPurpose
          },
        },
      ),
  ]
  return () => choices[random(choices.length)]?.()
}

/** Its length, and where it lies, are what somebody says. */
function lying<T extends object>(value: T, length: unknown): T {
  if (Array.isArray(value)) {
    let reads = 0
    return new Proxy(value, {
      get: (target, key): unknown =>
        key === 'length' && reads++ > 0 ? length : Reflect.get(target, key),
    })
  }
  for (const name of ['length', 'byteLength', 'byteOffset']) {
    Object.defineProperty(value, name, { get: () => length })
  }
  return value
}

function detached(size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

/** Shorter each time that one of its elements is asked how long it is. */
function resized(size: number): Uint8Array {
  const buffer = new (ArrayBuffer as unknown as new (
    size: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer & { resize(size: number): void })(size, { maxByteLength: 200 })
  const bytes = new Uint8Array(buffer)
  Object.defineProperty(bytes, 'length', {
    get() {
      buffer.resize(buffer.byteLength >> 1)
      return size
    },
  })
  return bytes
}
