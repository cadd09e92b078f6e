/**
 * Names of addresses in stack traces: the function of the kernel or of a process.
 * @module unplugin-bpf/symbols
 */
export { kernelSymbols } from './kernel-symbols.ts'
export type { KernelSymbol, KernelSymbols } from './kernel-symbols.ts'
export { processSymbols } from './process-symbols.ts'
export type { ProcessSymbol, ProcessSymbols } from './process-symbols.ts'
