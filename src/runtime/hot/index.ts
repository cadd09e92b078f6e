/**
 * For development servers that run an agent inside their own process: how to end the agent, and detach what it
 * attached, while the process goes on; and how to put an edited program in the place of the one that runs.
 *
 * @module
 */
export { AgentRun } from './agent-run.ts'
export { Incompatible } from './incompatible.ts'
export { replaceSkeleton, type Replaced } from './replace.ts'
