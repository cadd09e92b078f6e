/** The words that flags take, by the flags' names. */
export const choices = {
  lang: ['js', 'dts', 'c', 'json'],
  format: ['c', 'raw', 'json'],
} as const

export const shells = ['bash', 'zsh', 'fish'] as const
