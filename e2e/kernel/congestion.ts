import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

import { errno, fromLibc } from '../../src/runtime/ffi/library.ts'

const socket = fromLibc('int socket(int, int, int)')
const setsockopt = fromLibc('int setsockopt(int, int, int, str, u32)')
const connect = fromLibc('int connect(int, memory, u32)')
const write = fromLibc('long write(int, memory, size)')
const close = fromLibc('int close(int)')

/** sys/socket.h, netinet/tcp.h */
const [AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_CONGESTION] = [2, 1, 6, 13]

/** Sends some bytes to ourselves over TCP with a congestion control of that name. @returns the errno, 0 when sent */
export async function congestedBytes(control: string): Promise<number> {
  const server = await listening()
  const fd = socket(AF_INET, SOCK_STREAM, 0)
  try {
    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, control, control.length) < 0) return errno()
    const { port } = server.address() as AddressInfo
    const address = new Uint8Array(16)
    new DataView(address.buffer).setUint16(0, AF_INET, true)
    address.set([port >> 8, port & 0xff, 127, 0, 0, 1], 2)
    if (connect(fd, address, address.length) < 0) return errno()
    const bytes = new Uint8Array(20_000)
    return write(fd, bytes, bytes.length) < 0 ? errno() : 0
  } finally {
    close(fd)
    server.close()
  }
}

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((peer) => peer.destroy())
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}
