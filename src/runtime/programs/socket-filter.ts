import type { SocketLike } from '../descriptors/socket.ts'
import { socketDescriptor } from '../descriptors/socket.ts'
import { close } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import {
  bindPacketSocket,
  openPacketSocket,
  SO_ATTACH_BPF,
  SO_ATTACH_REUSEPORT_EBPF,
  SO_DETACH_BPF,
  SO_DETACH_REUSEPORT_BPF,
} from '../ffi/socket.ts'
import { EINVAL } from '../host/errno.ts'
import type { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { indexOfInterface } from './interface-index.ts'
import { packetSocket } from './needed-capabilities.ts'
import { PacketProgram } from './packet.ts'
import { Program } from './program.ts'
import { attachBySocketOption } from './socket.ts'

/** BPF_PROG_TYPE_SOCKET_FILTER. */
export class SocketFilterProgram extends PacketProgram {
  /**
   * Attaches to what a socket receives: each packet is cut to as many bytes as the program returns, 0 drops it. With the
   * name of a network interface, it runs on copies of what the interface receives and sends.
   * @param target a Node socket, a socket's descriptor, or the name of a network interface
   */
  attachSocketFilter(target: SocketLike | string): Link {
    if (typeof target === 'string') return this.adopt(this.#attachToInterface(target))
    return this.adopt(this.#attach(socketDescriptor(target, 'attach to a socket'), 'a socket'))
  }

  #attach(fd: number, what: string): NativeLink {
    return attachBySocketOption(this, `attach to ${what}`, fd, SO_ATTACH_BPF, SO_DETACH_BPF)
  }

  #attachToInterface(device: string): NativeLink {
    const ifindex = indexOfInterface(device)
    const fd = openPacketSocket()
    if (fd < 0) {
      const words = `open a packet socket on ${device} for`
      throw this.failure({ words, need: packetSocket }, errno())
    }
    try {
      const link = this.#attach(fd, device)
      if (bindPacketSocket(fd, ifindex) < 0) throw this.failure(`bind to ${device}`, errno())
      return { ...link, destroy: () => void close(fd) }
    } catch (error) {
      close(fd)
      throw error
    }
  }
}

/** BPF_PROG_TYPE_SK_REUSEPORT: chooses among the sockets of one port. */
export class SkReuseportProgram extends Program {
  /** @param socket a listening or bound socket of the group, or its descriptor. The program is attached to the whole group. */
  attachReuseport(socket: SocketLike): Link {
    const operation = 'attach to sockets of one port'
    const fd = socketDescriptor(socket, operation)
    const [attach, detach] = [SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_REUSEPORT_BPF]
    return this.adopt(
      attachBySocketOption(this, { words: operation, hint: reuseportHint }, fd, attach, detach),
    )
  }
}

/** Says what to do about SO_ATTACH_REUSEPORT_EBPF on a socket without a group. */
function reuseportHint(errno: number): string | undefined {
  return errno === EINVAL
    ? 'Bind the socket with SO_REUSEPORT: the option reusePort of listen() or createSocket() in Node'
    : undefined
}
