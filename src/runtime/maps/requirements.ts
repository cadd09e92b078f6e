/** The kernel's demands on the definition of a type of map. Sizes in bytes. */
export interface MapTypeRequirements {
  readonly key?: number
  readonly value?: number
  /** BPF_F_ bits that must be set. */
  readonly flags?: number
  /** The value type is that of records, and no part of the map's definition. */
  readonly holdsRecords?: boolean
  /** The kernel demands BTF of keys and values. */
  readonly needsBtf?: boolean
  /** The Linux version that it came with, where supported kernels may lack it. */
  readonly since?: KernelNeed
}

export interface KernelNeed {
  /** `6.1` */
  readonly linux: string
  /** `BPF_MAP_TYPE_USER_RINGBUF` */
  readonly what: string
  /** The BPF_F_ bit that is needed for it; left out: all maps of the type need that kernel. */
  readonly flag?: number
}

export const indexKeys: MapTypeRequirements = { key: 4 }
export const descriptorValues: MapTypeRequirements = { key: 4, value: 4 }
export const noKeys: MapTypeRequirements = { key: 0 }
export const recordMap: MapTypeRequirements = { key: 0, value: 0, holdsRecords: true }
