import { release as releaseName } from 'node:os'

const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(releaseName()) ?? []

/** This machine's kernel: 618 is 6.18. */
export const release: number = 100 * Number(major) + Number(minor)
