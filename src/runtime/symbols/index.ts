/** Names the kernel's and processes' functions that addresses of stack traces are in. */
export { kernelSymbols } from './kernel-symbols.ts'
export type { KernelSymbol, KernelSymbols } from './kernel-symbols.ts'
export { processSymbols } from './process-symbols.ts'
export type { ProcessSymbol, ProcessSymbols } from './process-symbols.ts'
