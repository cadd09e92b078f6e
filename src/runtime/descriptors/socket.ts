import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server, Socket } from 'node:net'

import { BpfError, stateError } from '../host/error.ts'
import { errnoOf, statOf } from '../host/files.ts'

/** A socket of Node's that is connected, listening or bound, or its descriptor. */
export type SocketLike = Socket | Server | DatagramSocket | number

/**
 * The descriptor of a socket, which stays the socket's.
 * @throws {BpfError} `ERR_BPF_STATE` when it is not open, or handled by another process
 * @throws {TypeError} for what is no socket
 */
export function socketDescriptor(socket: SocketLike, operation: string): number {
  const fd = typeof socket === 'number' ? socket : descriptorOf(socket)
  if (typeof fd !== 'number' || !Number.isInteger(fd)) {
    throw new TypeError(
      `${operation}: a net.Socket, net.Server, dgram.Socket or a descriptor is expected`,
    )
  }
  if (fd < 0) {
    throw stateError(
      operation,
      'the socket',
      'it has no descriptor: it is not connected, bound or listening yet, or closed already',
    )
  }
  try {
    if (statOf(fd).isSocket()) return fd
  } catch (error) {
    throw new BpfError({
      operation,
      object: `descriptor ${fd}`,
      errno: errnoOf(error),
      cause: error,
    })
  }
  throw new TypeError(`${operation}: descriptor ${fd} is no socket`)
}

interface Handle {
  readonly fd?: unknown
}

/** -1 when it is a socket without one; undefined when it is no socket. */
function descriptorOf(socket: unknown): unknown {
  if (typeof socket !== 'object' || socket === null) return undefined
  const handle = handleOf(socket)
  return handle === undefined ? undefined : (handle?.fd ?? -1)
}

/** Node has no public way to it; reading dgram's own `_handle` warns of its deprecation. */
function handleOf(socket: object): Handle | null | undefined {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  )
  if (state) return (socket as Record<symbol, { handle?: Handle | null }>)[state]?.handle
  if ('_handle' in socket) return socket._handle as Handle | null
  return undefined
}
