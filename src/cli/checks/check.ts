/** One thing that building or loading needs. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What is there, or what was looked for. */
  readonly found: string
  /** What to do when it is not there. */
  readonly todo?: string
}

export function check(name: string, ok: boolean, found: string, todo?: string): Check {
  return ok || todo === undefined ? { name, ok, found } : { name, ok, found, todo }
}
