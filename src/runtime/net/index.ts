/**
 * Byte order, network addresses and interfaces. In a browser the entry is addresses.ts alone.
 * @module unplugin-bpf/net
 */
export * from './addresses.ts'
export { interfaceIndex, interfaceName, interfaces } from './interfaces.ts'
export type { NetworkInterface } from './interfaces.ts'
