/** What a type of map has in any case. Sizes in bytes. */
export interface MapTypeRequirements {
  readonly key?: number
  readonly value?: number
  /** BPF_F_ bits without which the kernel refuses it. */
  readonly flags?: number
  /** The value's type is that of records, and no part of the map's definition. */
  readonly holdsRecords?: boolean
  /** The kernel wants BTF of keys and values. */
  readonly needsBtf?: boolean
  /** The Linux that brought it, where kernels that load BPF programs may lack it. */
  readonly since?: KernelNeed
}

export interface KernelNeed {
  /** `6.1` */
  readonly linux: string
  /** `BPF_MAP_TYPE_USER_RINGBUF` */
  readonly what: string
  /** Of which the BPF_F_ bit is the thing; left out: all maps of the type. */
  readonly flag?: number
}

export const indexKeys: MapTypeRequirements = { key: 4 }
export const descriptorValues: MapTypeRequirements = { key: 4, value: 4 }
export const noKeys: MapTypeRequirements = { key: 0 }
export const recordMap: MapTypeRequirements = { key: 0, value: 0, holdsRecords: true }
