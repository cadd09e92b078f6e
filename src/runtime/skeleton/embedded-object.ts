import type { SkeletonSource, SkeletonSpec } from './spec.ts'

/** The object that a skeleton opens: this machine's, of those that its module has. */
export class EmbeddedObject {
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
  become(other: EmbeddedObject): void {
    this.#source = other.#source
    this.#spec = other.#spec
    this.#bytes = other.#bytes
  }
}

const embedded = /*#__PURE__*/ new WeakMap<object, EmbeddedObject>()

export function keepEmbeddedObject(skeleton: object, its: EmbeddedObject): void {
  embedded.set(skeleton, its)
}

/** Undefined of what is no skeleton. */
export function embeddedObjectOf(skeleton: object): EmbeddedObject | undefined {
  return embedded.get(skeleton)
}

function specOf(source: SkeletonSource): SkeletonSpec {
  const { name, object } = source
  return { ...source, object: typeof object === 'string' ? object : object(name) }
}
