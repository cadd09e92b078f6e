import { close, interfaceIndex } from '../../src/runtime/ffi/libc.ts'
import { fromLibc } from '../../src/runtime/ffi/library.ts'
import { bindPacketSocket, openPacketSocket } from '../../src/runtime/ffi/socket.ts'

const send = fromLibc('long send(int, memory, size, int)')

/** An Ethernet frame of a protocol that no one speaks, so that the kernel answers nothing (IEEE's for experiments). */
export function frame(length = 64, protocol = 0x88b5): Uint8Array {
  const bytes = new Uint8Array(length).fill(9)
  new DataView(bytes.buffer).setUint16(12, protocol)
  return bytes
}

/** Sends a frame out of an interface. */
export function transmit(device: string, bytes: Uint8Array = frame()): void {
  const fd = openPacketSocket()
  try {
    if (bindPacketSocket(fd, interfaceIndex(device)) < 0)
      throw new Error(`cannot bind to ${device}`)
    if (send(fd, bytes, bytes.length, 0) !== bytes.length) throw new Error('cannot send')
  } finally {
    close(fd)
  }
}
