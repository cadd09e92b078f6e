/** Why an edited program cannot take the place of the one that runs: the agent must start anew. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible'
}
