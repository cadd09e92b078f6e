import { EmbeddedObject, setEmbeddedObject } from './embedded-object.ts'
import type { SkeletonInstance } from './instance.ts'
import { Instance } from './instance.ts'
import type { OpenOptions } from './open-options.ts'
import type { SkeletonSource } from './spec.ts'

/** The imported skeleton: opens instances. */
export interface Skeleton<T extends SkeletonInstance = SkeletonInstance> {
  readonly name: string
  /**
   * A copy of the embedded ELF object for this architecture: DWARF stripped, BTF and BTF.ext kept.
   * @throws {BpfError} `ERR_BPF_UNSUPPORTED` when there is none for this architecture
   */
  readonly object: Uint8Array
  /**
   * Parses the object: settings and initial values may be changed until `load()`. Loads koffi and libbpf at the first
   * call.
   * @throws {TypeError} for unknown options
   * @throws {BpfError} `ERR_BPF_UNSUPPORTED` when this machine cannot load BPF objects, saying what to install, or when the module
   * has none for its architecture
   */
  open(options?: OpenOptions): T
  /** `open(options).load()`; destroys the instance when the load fails. */
  openAndLoad(options?: OpenOptions): T
}

/** Makes the skeleton of a generated module. */
export function skeleton<T extends SkeletonInstance = SkeletonInstance>(
  source: SkeletonSource,
): Skeleton<T> {
  const embedded = new EmbeddedObject(source)
  // The generated declarations name what the spec lists.
  const open = (options: OpenOptions = {}): T =>
    new Instance(embedded.spec, embedded.bytes, options) as SkeletonInstance as T
  const result: Skeleton<T> = Object.freeze({
    name: source.name,
    get object() {
      return Uint8Array.from(embedded.bytes)
    },
    open,
    openAndLoad(options?: OpenOptions) {
      const instance = open(options)
      try {
        return instance.load()
      } catch (error) {
        instance.destroy()
        throw error
      }
    },
  })
  setEmbeddedObject(result, embedded)
  return result
}
