/**
 * What programs keep of the network, for people: byte order, addresses, interfaces. In a browser the entry is
 * addresses.ts alone.
 */
export * from './addresses.ts'
export { interfaceIndex, interfaceName, interfaces } from './interfaces.ts'
export type { NetworkInterface } from './interfaces.ts'
