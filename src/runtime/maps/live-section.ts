/** What a skeleton shows of a map's memory, beside the map: a data section, the fields of a struct_ops. */
export interface LiveSection {
  /** The same object for life, whatever memory is behind it. */
  readonly view: object
  /** Hands libbpf what JavaScript wrote; from here on writing throws, until it is loaded. */
  beforeLoad(): void
  loaded(): void
  /** From now on the view refuses. */
  closed(): void
}
