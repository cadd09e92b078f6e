import type { SkeletonSource, SkeletonSpec } from './spec.ts'

/** The object that a skeleton opens: this machine's, of those that its module has. */
export class Embedded {
  #source: SkeletonSource
  #spec: SkeletonSpec | undefined
  #bytes: Uint8Array | undefined

  constructor(source: SkeletonSource) {
    this.#source = source
  }

  /** @throws {BpfError} `ERR_BPF_UNSUPPORTED` when there is none for this architecture */
  get spec(): SkeletonSpec {
    return (this.#spec ??= specOf(this.#source))
  }

  /** The ELF. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= Buffer.from(this.spec.object, 'base64'))
  }

  /** What is opened from now on is the other's. */
  become(other: Embedded): void {
    this.#source = other.#source
    this.#spec = other.#spec
    this.#bytes = other.#bytes
  }
}

const embedded = /*#__PURE__*/ new WeakMap<object, Embedded>()

export function keepEmbedded(skeleton: object, its: Embedded): void {
  embedded.set(skeleton, its)
}

/** Undefined of what is no skeleton. */
export function embeddedOf(skeleton: object): Embedded | undefined {
  return embedded.get(skeleton)
}

function specOf(source: SkeletonSource): SkeletonSpec {
  const { name, object } = source
  return { ...source, object: typeof object === 'string' ? object : object(name) }
}
