/** A plugin function as `require('unplugin-bpf/vite')` returns it, with itself as `default`. */
export type Requirable<T> = T & { readonly default: T }

/** Adds a `default` to a plugin for `require()`: some configuration loaders, and people, expect it. */
export function requirable<T extends object>(plugin: T): Requirable<T> {
  return Object.assign(plugin, { default: plugin })
}
