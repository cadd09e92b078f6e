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

/** SOCKET_FILTER. */
export class SocketFilterProgram extends PacketProgram {
  /**
   * On what a socket receives: packets are cut to as many bytes as it returns, 0 drops them. Or, given an interface, on
   * copies of what that receives and sends.
   * @param target a socket of Node's or its descriptor; the name of a network interface
   */
  attachSocketFilter(target: SocketLike | string): Link {
    if (typeof target === 'string') return this.adopt(this.#watch(target))
    return this.adopt(this.#attach(socketDescriptor(target, 'attach to a socket'), 'a socket'))
  }

  #attach(fd: number, what: string): NativeLink {
    return attachBySocketOption(this, `attach to ${what}`, fd, SO_ATTACH_BPF, SO_DETACH_BPF)
  }

  #watch(device: string): NativeLink {
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

/** SK_REUSEPORT: chooses among the sockets of one port. */
export class SkReuseportProgram extends Program {
  /** @param socket a listening or bound one of the group, or its descriptor: it is for all of them */
  attachReuseport(socket: SocketLike): Link {
    const operation = 'attach to sockets of one port'
    const fd = socketDescriptor(socket, operation)
    const [attach, detach] = [SO_ATTACH_REUSEPORT_EBPF, SO_DETACH_REUSEPORT_BPF]
    return this.adopt(
      attachBySocketOption(this, { words: operation, hint: reuseportHint }, fd, attach, detach),
    )
  }
}

/** SO_ATTACH_REUSEPORT_EBPF is for sockets of a group. */
function reuseportHint(errno: number): string | undefined {
  return errno === EINVAL
    ? 'The socket must share its port: bound with SO_REUSEPORT (of Node: reusePort in the options of listen() or of createSocket())'
    : undefined
}
