import { close } from './libc.ts'
import { fromLibc } from './library.ts'
import { scratch } from './memory.ts'
import { socket, SOCK_RAW_CLOEXEC } from './socket.ts'

const send = fromLibc('long send(int, memory, size, int)')
const receive = fromLibc('long recv(int, memory, size, int)')

/** linux/netlink.h, linux/rtnetlink.h, bits/socket.h */
const AF_NETLINK = 16
const NETLINK_ROUTE = 0
const RTM_GETTFILTER = 46
const NLM_F_REQUEST_DUMP = 0x301
const NLMSG_DONE = 3

/** Whether a hook of a queueing discipline has no filters, whoever added them. False when the kernel refuses to tell. */
export function hasNoFilters(ifindex: number, parent: number): boolean {
  const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE)
  if (fd < 0) return false
  try {
    // struct nlmsghdr, then struct tcmsg.
    const request = scratch(36)
    request.data.setUint32(0, 36, true)
    request.data.setUint16(4, RTM_GETTFILTER, true)
    request.data.setUint16(6, NLM_F_REQUEST_DUMP, true)
    request.data.setInt32(20, ifindex, true)
    request.data.setUint32(28, parent, true)
    const answer = scratch(1 << 15)
    return (
      send(fd, request.buffer, request.size, 0) === request.size &&
      receive(fd, answer.buffer, answer.size, 0) >= 16 &&
      answer.data.getUint16(4, true) === NLMSG_DONE
    )
  } finally {
    close(fd)
  }
}
