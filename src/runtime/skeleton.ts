import { unsupported } from './error.ts'
import { hostArch } from './host-arch.ts'
import type { SkeletonInstance } from './instance.ts'
import { Instance } from './instance.ts'
import type { OpenOptions } from './open-options.ts'
import type { SkeletonSource, SkeletonSpec } from './spec.ts'

/** The imported skeleton: opens instances. */
export interface Skeleton<T extends SkeletonInstance = SkeletonInstance> {
  readonly name: string
  /**
   * A copy of the embedded ELF object, this architecture's where there are several: DWARF stripped, BTF and BTF.ext
   * kept.
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

export function skeleton<T extends SkeletonInstance = SkeletonInstance>(
  source: SkeletonSource,
): Skeleton<T> {
  let own: SkeletonSpec | undefined
  const spec = (): SkeletonSpec => (own ??= { ...source, object: ownObject(source) })
  let bytes: Uint8Array | undefined
  const object = (): Uint8Array => (bytes ??= Buffer.from(spec().object, 'base64'))
  // The generated declarations name what the spec lists.
  const open = (options: OpenOptions = {}): T =>
    new Instance(spec(), object(), options) as SkeletonInstance as T
  return Object.freeze({
    name: source.name,
    get object() {
      return Uint8Array.from(object())
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
}

function ownObject({ name, object }: SkeletonSource): string {
  if (typeof object === 'string') return object
  const host = hostArch()
  const own = Object.hasOwn(object, host) ? object[host] : undefined
  if (own !== undefined) return own
  throw unsupported(
    'open',
    name,
    `it was compiled for ${Object.keys(object).join(' and ')}, and this machine is ${host}`,
    `Build it with ${host} in the option arch`,
  )
}
