import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { errno } from '../ffi/library.ts'
import { setSocketOption } from '../ffi/socket.ts'
import { statOf } from '../host/files.ts'
import type { Operation } from '../links/attachable.ts'
import type { NativeLink } from '../links/native.ts'
import { attachmentWithoutLink } from '../links/native.ts'
import type { Program } from './program.ts'

/** Attaches a program to a socket by one socket option; the link detaches it by another. @throws {BpfError} */
export function attachBySocketOption(
  program: Program,
  operation: Operation,
  fd: number,
  attach: number,
  detach: number,
): NativeLink {
  if (setSocketOption(fd, attach, registeredDescriptor(program)) < 0)
    throw program.failure(operation, errno())
  const { ino } = statOf(fd)
  return attachmentWithoutLink(
    () => {
      // The socket may be closed by now, and the descriptor's number in use for another file.
      if (inodeOf(fd) === ino) setSocketOption(fd, detach, 0)
    },
    (other) => (setSocketOption(fd, attach, registeredDescriptor(other)) < 0 ? -errno() : 0),
  )
}

function inodeOf(fd: number): number | undefined {
  try {
    return statOf(fd).ino
  } catch {
    return undefined
  }
}
