import { Link } from './link.ts'

/** The links of a skeleton, by program. Assigning over a live link destroys the old one. */
export type Links<Names extends string> = { [K in Names]: Link | null | undefined }

/** Makes a slot for each program. Accessors on a null prototype allow C names such as `__proto__`. */
export function linkSlots(names: readonly string[]): Links<string> {
  const slots: Links<string> = Object.create(null) as Links<string>
  for (const name of names) {
    let current: Link | null = null
    Object.defineProperty(slots, name, {
      enumerable: true,
      get: () => current,
      set(link: Link | null | undefined) {
        if (link !== null && link !== undefined && !(link instanceof Link)) {
          throw new TypeError(`links.${name} must be a link, as attach methods return it, or null`)
        }
        if (current !== link) current?.destroy()
        current = link ?? null
      },
    })
  }
  return Object.seal(slots)
}
