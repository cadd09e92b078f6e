import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_PROG_STREAM_READ_BY_FD, bpf } from '../ffi/bpf.ts'
import { readBytes, scratch, setPointer, reachabilityFence } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError, unsupported } from '../host/error.ts'

/** Bytes that one system call reads. The kernel keeps at most 100,000 unread bytes of a stream. */
const chunkSize = 1 << 16

/** What a program wrote with bpf_stream_printk(); in `stderr` also the kernel's reports on it. Needs Linux 6.17. */
export interface ProgramStream {
  /** Takes the unread bytes, if any. @throws {BpfError} `ERR_BPF_UNSUPPORTED` on older kernels */
  read(): Buffer
  /** Takes the unread bytes as text. @throws {BpfError} as `read` */
  text(): string
}

/** @param id BPF_STDOUT is 1, BPF_STDERR 2 */
export function programStream(
  program: { readonly fd: number; readonly title: string },
  id: number,
): ProgramStream {
  const read = (): Buffer => {
    const chunks: Buffer[] = []
    for (;;) {
      const chunk = readChunk(program, id)
      if (chunk.length === 0) return Buffer.concat(chunks)
      chunks.push(chunk)
    }
  }
  return { read, text: () => read().toString() }
}

function readChunk(program: { readonly fd: number; readonly title: string }, id: number): Buffer {
  const chunk = scratch(chunkSize)
  // union bpf_attr.prog_stream_read
  const attr = scratch(24)
  setPointer(attr.data, 0, chunk.address)
  attr.data.setUint32(8, chunkSize, true)
  attr.data.setUint32(12, id, true)
  attr.data.setUint32(16, registeredDescriptor(program), true)
  const length = bpf(BPF_PROG_STREAM_READ_BY_FD, attr)
  const operation = 'read a stream of'
  if (length === -EINVAL) {
    const reason = 'this kernel has no program streams'
    throw unsupported(operation, program.title, reason, 'They need Linux 6.17')
  }
  if (length < 0) {
    const hint = privilegeHint(-length)
    throw new BpfError({ operation, object: program.title, errno: -length, hint })
  }
  const bytes = readBytes(chunk.address, length)
  reachabilityFence(chunk)
  return Buffer.from(bytes.buffer)
}
