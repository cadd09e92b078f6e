import type { Call } from './library.ts'
import { fromLibc } from './library.ts'
import { scratch } from './memory.ts'

export const socket: Call<number> = fromLibc('int socket(int, int, int)')
const bindSocket = fromLibc('int bind(int, memory, u32)')
const setsockopt = fromLibc('int setsockopt(int, int, int, memory, u32)')

/** bits/socket.h, linux/if_ether.h */
const AF_PACKET = 17
/** SOCK_RAW | SOCK_CLOEXEC */
export const SOCK_RAW_CLOEXEC: number = 3 | 0x80000
const ETH_P_ALL = 3
const SOL_SOCKET = 1
/** asm-generic/socket.h */
export const SO_DETACH_BPF = 27
export const SO_ATTACH_BPF = 50
export const SO_ATTACH_REUSEPORT_EBPF = 52
export const SO_DETACH_REUSEPORT_BPF = 68

/** Sets an int option of SOL_SOCKET. @returns 0, or -1 with errno */
export function setSocketOption(fd: number, option: number, value: number): number {
  const memory = scratch(4)
  memory.data.setInt32(0, value, true)
  return setsockopt(fd, SOL_SOCKET, option, memory.buffer, 4)
}

/** Opens a socket that gets copies of the packets of an interface. @returns the descriptor, or -1 with errno */
export function openPacketSocket(): number {
  // Without a protocol nothing arrives before the socket is bound.
  return socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0)
}

/** Binds a packet socket to an interface. @returns 0, or -1 with errno */
export function bindPacketSocket(fd: number, ifindex: number): number {
  // struct sockaddr_ll: family, protocol (big-endian), ifindex.
  const address = scratch(20)
  address.data.setUint16(0, AF_PACKET, true)
  address.data.setUint16(2, ETH_P_ALL, false)
  address.data.setInt32(4, ifindex, true)
  return bindSocket(fd, address.buffer, 20)
}
