/** The values of flags that take one of a few words. */
export const choices = {
  lang: ['js', 'dts', 'c', 'json'],
  format: ['c', 'raw', 'json'],
} as const

/** The shells that `completion` knows. */
export const shells = ['bash', 'zsh', 'fish'] as const
