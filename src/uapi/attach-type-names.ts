import * as attachTypes from './attach-type.ts'

export type AttachType = keyof typeof attachTypes

/** The numbers of enum bpf_attach_type by name, in their order. Agents import the constants alone. */
export const attachTypeNumbers: ReadonlyMap<AttachType, number> = new Map(
  (Object.entries(attachTypes) as [AttachType, number][]).toSorted(([, a], [, b]) => a - b),
)
