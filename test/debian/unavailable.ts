/** What this machine cannot fetch or build, and why: no apt, no network, no such package, no compiler. */
export class Unavailable extends Error {}
