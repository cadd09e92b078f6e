import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { uint32 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import type { Struct } from '../ffi/memory.ts'
import { hasNoFilters } from '../ffi/netlink.ts'
import { EEXIST } from '../host/errno.ts'
import { statOf } from '../host/files.ts'
import type { NativeLink } from '../links/native.ts'
import { attachmentWithoutLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import { indexOfInterface } from './interface-index.ts'
import type { Program } from './program.ts'
import type { Direction } from './sched-cls.ts'

const bpf_tc_hook_create = fromLibbpf('int bpf_tc_hook_create(ptr)')
const bpf_tc_hook_destroy = fromLibbpf('int bpf_tc_hook_destroy(ptr)')
const bpf_tc_attach = fromLibbpf('int bpf_tc_attach(ptr, ptr)')
const bpf_tc_detach = fromLibbpf('int bpf_tc_detach(ptr, ptr)')
const bpf_tc_query = fromLibbpf('int bpf_tc_query(ptr, ptr)')

export interface TcOptions {
  /** Identifies a filter among those of one priority. Default: the kernel chooses. */
  handle?: number | undefined
  /** Lower runs earlier. Default: the kernel chooses one that runs before the existing filters. */
  priority?: number | undefined
  /** Replaces the filter of this handle and priority, if there is one. */
  replace?: boolean | undefined
}

/** libbpf.h: enum bpf_tc_attach_point, BPF_TC_F_REPLACE. */
const attachPoints: Readonly<Record<Direction, number>> = { ingress: 1, egress: 2 }
const bothAttachPoints = 3
const replaceFlag = 1
/** linux/pkt_sched.h: TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS) and the same of TC_H_MIN_EGRESS. */
const parents = [0xffff_fff2, 0xffff_fff3]

/** The clsact queueing disciplines that this process created and must remove, by clsactKey(). */
const createdClsacts = new Set<string>()

export function attachTc(
  program: Program,
  device: string | number,
  direction: Direction,
  options: TcOptions,
): NativeLink {
  requireKnownOptions('attachTc()', options, ['handle', 'priority', 'replace'])
  const operation = `attach to ${direction} of ${device}`
  const ifindex = indexOfInterface(device)
  const hook = tcHook(ifindex, attachPoints[direction])
  const filter = tcFilter({ fd: registeredDescriptor(program), ...options })
  const call = (result: () => number): void => {
    const captured = captureLog(result)
    if (captured.result < 0) throw program.failure(operation, -captured.result, captured.log)
  }
  createClsact(ifindex, call)
  try {
    call(() => bpf_tc_attach(hook.address, filter.address))
  } catch (error) {
    destroyClsact(ifindex)
    throw error
  }
  // libbpf has written there what the kernel chose.
  const identity = {
    handle: filter.data.getUint32(20, true),
    priority: filter.data.getUint32(24, true),
  }
  let id = filter.data.getUint32(16, true)
  const query = (): Struct => {
    const found = tcFilter(identity)
    captureLog(() => bpf_tc_query(hook.address, found.address))
    return found
  }
  return {
    ...attachmentWithoutLink(
      () => {
        // Another process may have replaced the filter: then it stays.
        if (query().data.getUint32(16, true) === id) {
          captureLog(() => bpf_tc_detach(hook.address, tcFilter(identity).address))
        }
        destroyClsact(ifindex)
      },
      (other) => {
        const next = tcFilter({ fd: registeredDescriptor(other), ...identity, replace: true })
        const { result } = captureLog(() => bpf_tc_attach(hook.address, next.address))
        if (result === 0) id = next.data.getUint32(16, true)
        return result
      },
    ),
    info: () => ({ type: 'tc', id: 0, programId: id, ifindex, direction, ...identity }),
  }
}

function createClsact(ifindex: number, call: (result: () => number) => void): void {
  call(() => {
    const result = bpf_tc_hook_create(tcHook(ifindex, bothAttachPoints).address)
    if (result === 0) createdClsacts.add(clsactKey(ifindex))
    return result === -EEXIST ? 0 : result
  })
}

/** Removes the clsact that this process created, unless it still has filters, which may be of other processes. */
function destroyClsact(ifindex: number): void {
  const discipline = clsactKey(ifindex)
  if (!createdClsacts.has(discipline)) return
  if (!parents.every((parent) => hasNoFilters(ifindex, parent))) return
  createdClsacts.delete(discipline)
  captureLog(() => bpf_tc_hook_destroy(tcHook(ifindex, bothAttachPoints).address))
}

function clsactKey(ifindex: number): string {
  return `${statOf('/proc/thread-self/ns/net').ino} ${ifindex}`
}

/** struct bpf_tc_hook: sz, ifindex, attach_point, parent. */
function tcHook(ifindex: number, point: number): Struct {
  const hook = attachOptions(24)
  hook.data.setInt32(8, ifindex, true)
  hook.data.setUint32(12, point, true)
  return hook
}

/** struct bpf_tc_opts: sz, prog_fd, flags, prog_id, handle, priority. */
function tcFilter(filter: TcOptions & { readonly fd?: number }): Struct {
  const opts = attachOptions(32)
  opts.data.setInt32(8, filter.fd ?? 0, true)
  opts.data.setUint32(12, filter.replace ? replaceFlag : 0, true)
  opts.data.setUint32(20, uint32('handle', filter.handle ?? 0), true)
  opts.data.setUint32(24, uint32('priority', filter.priority ?? 0), true)
  return opts
}
