/**
 * @param whom for the message: `attachXdp()`
 * @throws {TypeError} for an option that is none of the known
 */
export function requireKnownOptions(whom: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue
    const there = `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}`
    throw new TypeError(`${whom} has no option ${JSON.stringify(name)}; ${there}`)
  }
}
