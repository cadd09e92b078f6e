import { readFileSync } from 'node:fs'

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object
/** Objects that every JavaScript program has. */
const known = new Set<unknown>(
  [
    globalThis,
    Object,
    Function,
    Array,
    Promise,
    Map,
    Set,
    Error,
    ArrayBuffer,
    DataView,
    Uint8Array,
    BigUint64Array,
    AsyncIterator(),
    Object.getPrototypeOf([][Symbol.iterator]()),
  ].flatMap((each) => [each, (each as { prototype?: object }).prototype, typedArray]),
)

function AsyncIterator(): object {
  return Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)) as object
}

/** Ending it would leave nothing to look at; arguments of these are what the kernel is to do. */
const notCalled =
  /^(destroy|close|detach|unload|stop|return|throw|pin|unpin|load\w*|attach\w*|freeze|clear|constructor|drain|take|pop|.*[dD]ispose.*)$/

/** Addresses of memory that this process has mapped, as it is now. */
function mapped(): (value: number | bigint) => boolean {
  const ranges = readFileSync('/proc/self/maps', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (/^(\w+)-(\w+)/.exec(line) ?? []).slice(1).map((hex) => BigInt(`0x${hex}`)))
  return (value) => {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) return false
    const address = BigInt(value)
    return ranges.some(([start = 0n, end = 0n]) => address >= start && address < end)
  }
}

/**
 * Goes to whatever can be got at from an object: own and inherited properties, of any name, what getters give, and what
 * methods return.
 * @returns where a native address or memory that `isNative` was met
 */
export function nativeReachableFrom(root: object, isNative: (value: object) => boolean): string[] {
  const isAddress = mapped()
  const found: string[] = []
  const seen = new Set<unknown>(known)
  const waiting: [value: unknown, path: string][] = [[root, '']]
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [value, path] = next
    if (typeof value === 'number' || typeof value === 'bigint') {
      if (isAddress(value)) found.push(path)
      continue
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue
    if (seen.has(value) || path.split('.').length > 6) continue
    seen.add(value)
    if (isNative(value)) found.push(path)
    if (ArrayBuffer.isView(value)) {
      waiting.push([value.buffer, `${path}.buffer`])
      continue
    }
    for (
      let at: object | null = value;
      at && !known.has(at);
      at = Object.getPrototypeOf(at) as object | null
    ) {
      waiting.push([at, `${path}.__proto__`])
      for (const key of Reflect.ownKeys(at)) {
        const name = `${path}.${String(key)}`
        const got = attempt(() => (value as Record<string | symbol, unknown>)[key])
        waiting.push([got, name])
        if (typeof got !== 'function' || notCalled.test(String(key))) continue
        for (const args of [[], ['x'], ['x', {}], [0], [value]]) {
          waiting.push([attempt(() => Reflect.apply(got, value, args)), `${name}()`])
        }
        // A handle that only looks like one.
        waiting.push([
          attempt(() => Reflect.construct(got, [{ pointer: 8, name: 'x' }])),
          `new ${name}`,
        ])
      }
    }
  }
  return [...new Set(found)]
}

function attempt(get: () => unknown): unknown {
  try {
    const got = get()
    if (got instanceof Promise) got.catch(() => {})
    return got
  } catch {
    return undefined
  }
}
