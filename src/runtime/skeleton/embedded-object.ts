import type { SkeletonSource, SkeletonSpec } from './spec.ts'

/** The ELF object that a skeleton opens: of those in its module, the one for this machine's architecture. */
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

  /** The ELF file. */
  get bytes(): Uint8Array {
    return (this.#bytes ??= Buffer.from(this.spec.object, 'base64'))
  }

  /** Opens the edited object from now on. */
  replaceWith(edited: EmbeddedObject): void {
    this.#source = edited.#source
    this.#spec = edited.#spec
    this.#bytes = edited.#bytes
  }
}

const embeddedObjects = /*#__PURE__*/ new WeakMap<object, EmbeddedObject>()

export function setEmbeddedObject(skeleton: object, embedded: EmbeddedObject): void {
  embeddedObjects.set(skeleton, embedded)
}

/** Returns undefined when the object is no skeleton. */
export function embeddedObjectOf(skeleton: object): EmbeddedObject | undefined {
  return embeddedObjects.get(skeleton)
}

function specOf(source: SkeletonSource): SkeletonSpec {
  const { name, object } = source
  return { ...source, object: typeof object === 'string' ? object : object(name) }
}
