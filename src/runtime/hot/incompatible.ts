/** The error for an edited program that cannot replace the running one: the agent must start anew. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible'
}
