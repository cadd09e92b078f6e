/**
 * Probes what the running kernel has, before an object that needs it is loaded.
 * @module
 */
export { helper } from './helper.ts'
export { kernelFunction } from './kernel-function.ts'
export { kfunc } from './kfunc.ts'
export { mapType } from './map-type.ts'
export type { MapTypeName } from './map-type.ts'
export { programType } from './program-type.ts'
export type { ProgramType, ProgramTypeName } from './program-type.ts'
export { tracepoint } from './tracepoint.ts'
export { tracepointArguments } from './tracepoint-arguments.ts'
export type { TracepointArgument } from './tracepoint-arguments.ts'
