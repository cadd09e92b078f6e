/** Something that building or loading needs. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  /** What was found, or what was looked for. */
  readonly found: string
  /** What to do if it is missing. */
  readonly todo?: string
}

/** Makes a check; `todo` counts only if it is missing. */
export function check(name: string, ok: boolean, found: string, todo?: string): Check {
  return ok || todo === undefined ? { name, ok, found } : { name, ok, found, todo }
}
