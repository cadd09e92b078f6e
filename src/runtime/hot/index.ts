/**
 * Hot replacement, for development servers that run an agent inside their own process: how to end an agent while the
 * process goes on, and how to put an edited program in the place of the one that runs. What happens when a file is
 * saved, in this order:
 *
 * 1. `replace-skeleton.ts` takes each open instance of the skeleton.
 * 2. `edited-instance.ts` opens the edited object beside it, reuses its maps, copies settings (`copy-settings.ts`) and
 *    variables (`copy-variables.ts`), and loads it.
 * 3. `swap-links.ts` swaps the links (`attachments.ts`: which there are, `attach-calls.ts`: how each was made).
 * 4. `swap-instance.ts` puts the edited object behind the maps and programs that JavaScript holds.
 *
 * @module
 */
export { AgentRun } from './agent-run.ts'
export { Incompatible } from './incompatible.ts'
export { replaceSkeleton, type Replacement } from './replace-skeleton.ts'
