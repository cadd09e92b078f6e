/** For development servers that run an agent in their own process: how to end it without the process. */
export { destroyAll } from './instances.ts'
export { abortShutdown } from './shutdown-signal.ts'
