/** Memory of a map that a skeleton shows as properties: a data section, or the fields of a struct_ops. */
export interface LiveSection {
  /** The properties: one object from open to destroy, whatever memory is behind it. */
  readonly view: object
  /** Gives libbpf what JavaScript wrote. Writing throws from here on, until the map is loaded. */
  beforeLoad(): void
  loaded(): void
  /** Makes every use of the view throw. */
  closed(): void
}
