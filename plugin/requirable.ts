/** A plugin function as CommonJS gets it: `require('unplugin-bpf/vite')`, and `.default` of that. */
export type Requirable<T> = T & { readonly default: T }

/** Gives `require()` of an entry a `default` as well: configuration loaders, and people, expect either. */
export function requirable<T extends object>(plugin: T): Requirable<T> {
  return Object.assign(plugin, { default: plugin })
}
