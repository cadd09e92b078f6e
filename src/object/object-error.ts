/** Thrown for a well-formed file that libbpf would refuse to open as a BPF object. */
export class ObjectError extends Error {
  /** The C name of the map, program or variable at fault. */
  readonly subject: string | undefined

  constructor(reason: string, subject?: string) {
    super(reason)
    this.name = 'ObjectError'
    this.subject = subject
  }
}
