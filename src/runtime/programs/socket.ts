import type { Socket as DatagramSocket } from 'node:dgram'
import { fstatSync } from 'node:fs'
import type { Server, Socket } from 'node:net'

import { errno } from '../ffi/library.ts'
import { setSocketOption } from '../ffi/socket.ts'
import type { NativeLink } from '../links/native.ts'
import { looseAttachment } from '../links/native.ts'
import type { Program } from './program.ts'

/** A socket of Node's that is connected, listening or bound, or its descriptor. */
export type SocketLike = Socket | Server | DatagramSocket | number

/** Where Node keeps the descriptor: no API gives it. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

/** @throws {TypeError} */
export function descriptorOf(socket: SocketLike): number {
  if (typeof socket === 'number') return socket
  const fd = handleOf(socket)?.fd
  if (fd !== undefined && fd >= 0) return fd
  throw new TypeError(
    'the socket has no descriptor: it must be connected, listening or bound, and not closed',
  )
}

/** Datagram sockets hold it under a symbol, and warn when their old `_handle` is used. */
function handleOf(socket: object): { readonly fd?: number } | null | undefined {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  )
  if (state === undefined) return (socket as WithHandle)._handle
  return (socket as Record<symbol, { handle?: { fd?: number } } | undefined>)[state]?.handle
}

/** Puts a program on a socket by one option, and takes it off by another. @throws {BpfError} */
export function attachBySocketOption(
  program: Program,
  operation: string,
  fd: number,
  attach: number,
  detach: number,
): NativeLink {
  if (setSocketOption(fd, attach, program.fd) < 0) throw program.failure(operation, errno())
  const { ino } = fstatSync(fd)
  return looseAttachment(
    () => {
      // The socket may be closed by now, and the number another's.
      if (inodeOf(fd) === ino) setSocketOption(fd, detach, 0)
    },
    (other) => (setSocketOption(fd, attach, other.fd) < 0 ? -errno() : 0),
  )
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino
  } catch {
    return undefined
  }
}
