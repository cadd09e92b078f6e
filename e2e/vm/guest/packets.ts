import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'

import type { Link } from '../../../src/runtime/index.ts'
import skel from './packets.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

type Instance = ReturnType<typeof skel.open>

const MESSAGE = 'eleven byte'

export const packets: readonly Scenario[] = [
  {
    name: 'xdp',
    run: () => seesMessage('xdp', ({ progs }) => progs.xdp.attachXdp('lo', { mode: 'generic' })),
  },
  {
    name: 'tc',
    run: () => seesMessage('tc', ({ progs }) => progs.tc.attachTc('lo', 'ingress')),
  },
  {
    name: 'tcx',
    run: () => seesMessage('tc', ({ progs }) => progs.tc.attachTcx('lo', 'ingress')),
  },
  {
    name: 'cgroup_skb',
    run: () =>
      inCgroup((path) =>
        seesMessage('cgroup_egress', ({ progs }) => progs.cgroup_egress.attachCgroup(path)),
      ),
  },
  {
    name: 'cgroup/connect4',
    run: () =>
      inCgroup((path) =>
        leadsAway('cgroup_connect', ({ progs }) => progs.cgroup_connect.attachCgroup(path)),
      ),
  },
  {
    name: 'sk_lookup',
    run: () =>
      leadsAway('sk_lookup', ({ progs, maps }, server) => {
        maps.servers.set(0, server)
        return progs.sk_lookup.attachNetns('/proc/self/ns/net')
      }),
  },
]

/** A datagram of ours over the loopback interface is seen by the program, with its length. */
async function seesMessage(name: string, attach: (instance: Instance) => Link): Promise<void> {
  const receiver = createSocket('udp4')
  const sender = createSocket('udp4')
  const bound = once(receiver, 'listening')
  receiver.bind(0, '127.0.0.1')
  await bound
  const { port } = receiver.address()
  const send = async (): Promise<void> => {
    const heard = once(receiver, 'message')
    sender.send(MESSAGE, port, '127.0.0.1')
    equal('the message', String((await heard)[0]), MESSAGE)
  }
  const instance = skel.open()
  try {
    load(instance, name, port)
    const link = attach(instance)
    await send()
    equal('the count of packets', instance.bss.hits, 1n)
    equal('the length', instance.bss.length, MESSAGE.length)
    link.destroy()
    await send()
    equal('the count after destroy()', instance.bss.hits, 1n)
  } finally {
    instance.destroy()
    receiver.close()
    sender.close()
  }
}

/** A connection to a port where nobody listens arrives at the one that the program names. */
async function leadsAway(
  name: string,
  attach: (instance: Instance, server: Server) => Link,
): Promise<void> {
  const server = await listening()
  const { port: open } = server.address() as AddressInfo
  const closed = await unusedPort()
  const instance = skel.open()
  try {
    load(instance, name, closed, open)
    const link = attach(instance, server)
    equal('the connection', await outcomeOfConnecting(closed), 'connected')
    equal('the count of connections', instance.bss.hits, 1n)
    link.destroy()
    equal('the connection after destroy()', await outcomeOfConnecting(closed), 'ECONNREFUSED')
  } finally {
    instance.destroy()
    server.close()
  }
}

function load(instance: Instance, name: string, port: number, other = 0): void {
  instance.progs[name].autoload = true
  instance.rodata.port = port
  instance.rodata.other_port = other
  instance.load()
}

async function listening(): Promise<Server> {
  const server = createServer((socket) => socket.end())
  const ready = once(server, 'listening')
  server.listen(0, '127.0.0.1')
  await ready
  return server
}

async function unusedPort(): Promise<number> {
  const server = await listening()
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function outcomeOfConnecting(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return 'connected'
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  } finally {
    socket.destroy()
  }
}

/** With this process, and no other, in a cgroup of its own. */
async function inCgroup(act: (path: string) => Promise<void>): Promise<void> {
  const [, root = ''] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8')) ?? []
  const [, before = '/'] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  const path = `${root}/unplugin-bpf-${process.pid}`
  mkdirSync(path)
  try {
    moveTo(path)
    await act(path)
  } finally {
    moveTo(`${root}${before}`)
    rmdirSync(path)
  }
}

function moveTo(cgroup: string): void {
  writeFileSync(`${cgroup}/cgroup.procs`, String(process.pid))
}
