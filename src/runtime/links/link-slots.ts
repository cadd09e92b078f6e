import { Link } from './link.ts'

/** Filled by `attach()` or by assignment; assigning over a live link destroys the old one. */
export type Links<Names extends string> = { [K in Names]: Link | null | undefined }

/** A slot a program, with accessors of its own: names of C such as `__proto__` are names like others. */
export function linkSlots(names: readonly string[]): Links<string> {
  const slots: Links<string> = Object.create(null) as Links<string>
  for (const name of names) {
    let current: Link | null = null
    Object.defineProperty(slots, name, {
      enumerable: true,
      get: () => current,
      set(link: Link | null | undefined) {
        if (link !== null && link !== undefined && !(link instanceof Link)) {
          throw new TypeError(`links.${name} takes a link, as attach functions return, or null`)
        }
        if (current !== link) current?.destroy()
        current = link ?? null
      },
    })
  }
  return Object.seal(slots)
}
