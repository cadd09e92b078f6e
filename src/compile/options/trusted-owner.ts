/**
 * Whether a file belongs to who may tell us what to run: the user, root and, as in git, the user who called sudo.
 * Where files have no owners (Windows), everyone may.
 */
export function isTrusted({ uid }: { readonly uid: number }): boolean {
  return trustedUsers()?.includes(uid) ?? true
}

/** As a sentence says it. */
export function describeTrustedUsers(): string {
  const names = (trustedUsers() ?? []).map((uid) => (uid === 0 ? 'root' : `user ${uid}`))
  return [...new Set(names)].join(' nor ')
}

function trustedUsers(): number[] | undefined {
  const own = process.geteuid?.()
  if (own === undefined) return undefined
  // Only sudo, which runs as root, can be believed to have set it.
  const caller = own === 0 ? Number(process.env['SUDO_UID'] || 'NaN') : NaN
  return [own, 0, ...(Number.isInteger(caller) ? [caller] : [])]
}
