/**
 * Checks the names of options.
 * @param whom what takes the options, for the message: `attachXdp()`
 * @throws {TypeError} for an unknown option
 */
export function requireKnownOptions(whom: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const options = `${known.length === 1 ? 'its option is' : 'its options are'} ${known.join(', ')}`
    throw new TypeError(`${whom} has no option ${JSON.stringify(name)}; ${options}`)
  }
}
