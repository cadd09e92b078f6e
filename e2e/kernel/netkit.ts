import { close } from '../../src/runtime/ffi/libc.ts'
import { fromLibc } from '../../src/runtime/ffi/library.ts'

const socket = fromLibc('int socket(int, int, int)')
const send = fromLibc('long send(int, memory, size, int)')
const receive = fromLibc('long recv(int, memory, size, int)')

/** linux/rtnetlink.h, linux/if_link.h */
const RTM_NEWLINK = 16
const NLM_F_REQUEST_ACK_EXCL_CREATE = 0x605
const IFLA_IFNAME = 3
const IFLA_LINKINFO = 18
const IFLA_INFO_KIND = 1
const IFLA_INFO_DATA = 2
const IFLA_NETKIT_PEER_INFO = 1
const IFLA_NETKIT_MODE = 5
const NETKIT_L2 = 0

/**
 * Makes a pair of netkit interfaces that carry Ethernet frames, which `ip` can only from 6.7 on.
 * @returns false when the kernel has none
 */
export function netkit(primary: string, peer: string): boolean {
  // struct ifinfomsg, all zero.
  const message = Buffer.alloc(16)
  const mode = Buffer.alloc(4)
  mode.writeUInt32LE(NETKIT_L2)
  const data = [
    attribute(IFLA_NETKIT_MODE, mode),
    attribute(IFLA_NETKIT_PEER_INFO, Buffer.concat([message, attribute(IFLA_IFNAME, name(peer))])),
  ]
  const info = [
    attribute(IFLA_INFO_KIND, Buffer.from('netkit')),
    attribute(IFLA_INFO_DATA, Buffer.concat(data)),
  ]
  const body = Buffer.concat([
    message,
    attribute(IFLA_IFNAME, name(primary)),
    attribute(IFLA_LINKINFO, Buffer.concat(info)),
  ])
  const header = Buffer.alloc(16)
  header.writeUInt32LE(header.length + body.length)
  header.writeUInt16LE(RTM_NEWLINK, 4)
  header.writeUInt16LE(NLM_F_REQUEST_ACK_EXCL_CREATE, 6)
  return ask(Buffer.concat([header, body])) === 0
}

function name(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

/** struct nlattr, its value, and zeros to a multiple of 4. */
function attribute(type: number, value: Buffer): Buffer {
  const whole = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4)
  whole.writeUInt16LE(4 + value.length)
  whole.writeUInt16LE(type, 2)
  value.copy(whole, 4)
  return whole
}

/** @returns what struct nlmsgerr says: 0 or minus an errno */
function ask(request: Buffer): number {
  const fd = socket(16, 3, 0)
  try {
    if (send(fd, request, request.length, 0) !== request.length) throw new Error('cannot send')
    const answer = Buffer.alloc(4096)
    if (receive(fd, answer, answer.length, 0) < 20) throw new Error('no answer')
    return answer.readInt32LE(16)
  } finally {
    close(fd)
  }
}
