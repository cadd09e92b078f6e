import type { Socket as DatagramSocket } from 'node:dgram'
import type { Server, Socket } from 'node:net'

import { BpfError, stateError } from '../host/error.ts'
import { errnoOf, statOf } from '../host/files.ts'

/** A Node socket that is connected, listening or bound, or a descriptor of a socket. */
export type SocketLike = Socket | Server | DatagramSocket | number

/**
 * Returns the descriptor of a socket, which the socket still owns.
 * @throws {BpfError} `ERR_BPF_STATE` when it is not open, or handled by another process
 * @throws {TypeError} unless it is a socket
 */
export function socketDescriptor(socket: SocketLike, operation: string): number {
  const fd = typeof socket === 'number' ? socket : descriptorOf(socket)
  if (typeof fd !== 'number' || !Number.isInteger(fd)) {
    throw new TypeError(
      `cannot ${operation}: give a net.Socket, net.Server, dgram.Socket or the descriptor of a socket`,
    )
  }
  if (fd < 0) {
    throw stateError(
      operation,
      'the socket',
      'it has no descriptor, because it is closed or not yet connected, bound or listening',
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
  throw new TypeError(`cannot ${operation}: descriptor ${fd} is not a socket`)
}

interface Handle {
  readonly fd?: unknown
}

/** Returns the descriptor, -1 when the socket has none, or undefined when the value is not a socket. */
function descriptorOf(socket: unknown): unknown {
  if (typeof socket !== 'object' || socket === null) return undefined
  const handle = handleOf(socket)
  return handle === undefined ? undefined : (handle?.fd ?? -1)
}

/** Finds the handle, which Node has no public way to. Reading `_handle` of a dgram socket would warn of its deprecation. */
function handleOf(socket: object): Handle | null | undefined {
  const state = Object.getOwnPropertySymbols(socket).find(
    ({ description }) => description === 'state symbol',
  )
  if (state) return (socket as Record<symbol, { handle?: Handle | null }>)[state]?.handle
  if ('_handle' in socket) return socket._handle as Handle | null
  return undefined
}
