/**
 * Whether a file's owner may decide what is run: the user, root and, as in git, the user who called sudo. Windows has no
 * such owners: there every file is trusted.
 */
export function isTrusted({ uid }: { readonly uid: number }): boolean {
  return trustedUsers()?.includes(uid) ?? true
}

/** Lists the trusted users, as in `not user 1000 nor root`. */
export function describeTrustedUsers(): string {
  const names = (trustedUsers() ?? []).map((uid) => (uid === 0 ? 'root' : `user ${uid}`))
  return [...new Set(names)].join(' nor ')
}

function trustedUsers(): number[] | undefined {
  const user = process.geteuid?.()
  if (user === undefined) return undefined
  // Only root's SUDO_UID is trusted: anyone can set the variable for a process of their own.
  const caller = user === 0 ? Number(process.env['SUDO_UID'] || 'NaN') : NaN
  return [user, 0, ...(Number.isInteger(caller) ? [caller] : [])]
}
