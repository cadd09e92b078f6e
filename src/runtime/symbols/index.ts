/** Addresses of stack traces and programs, for people: which function of the kernel or of a process they are in. */
export { kernelSymbols } from './kernel-symbols.ts'
export type { KernelSymbol, KernelSymbols } from './kernel-symbols.ts'
export { processSymbols } from './process-symbols.ts'
export type { ProcessSymbol, ProcessSymbols } from './process-symbols.ts'
