import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import { s32 } from '../../codec/layout.ts'
import { BPF_F_NO_PREALLOC } from '../../uapi/map-flags.ts'
import { withDirectory, withInode } from '../descriptors/path.ts'
import { withProcess } from '../descriptors/process.ts'
import type { SocketLike } from '../descriptors/socket.ts'
import { socketDescriptor } from '../descriptors/socket.ts'
import type { UpdateFlag } from './elements.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { RemovableMap } from './removable.ts'
import type { MapTypeRequirements } from './requirements.ts'

/** Values that the kernel keeps with its own objects and frees with them. They cannot be iterated over. */
abstract class LocalStorage<Owner, V> extends BpfMap {
  readonly #values: RemovableMap<number, V>

  constructor(handle: MapHandle, value?: Layout) {
    super(handle)
    this.#values = new RemovableMap(handle, { key: s32, value })
  }

  /** Returns a copy of the owner's value, undefined when it has none. @throws {BpfError} when there is no such owner */
  get(owner: Owner): V | undefined {
    return this.withOwner(owner, (fd) => this.#values.get(fd as In<number>))
  }

  has(owner: Owner): boolean {
    return this.withOwner(owner, (fd) => this.#values.has(fd))
  }

  /** Sets the owner's value. @throws {BpfError} EEXIST or ENOENT by the flag; when there is no such owner */
  set(owner: Owner, value: In<V>, flag?: UpdateFlag): this {
    this.withOwner(owner, (fd) => this.#values.set(fd, value, flag))
    return this
  }

  /** Removes the owner's value. @returns whether it had one */
  delete(owner: Owner): boolean {
    return this.withOwner(owner, (fd) => this.#values.delete(fd))
  }

  /** Runs `use` with a descriptor of the owner. @internal */
  protected abstract withOwner<R>(owner: Owner, use: (fd: number) => R): R
}

/** TASK_STORAGE: values by pid, of a process or, since Linux 6.9, of a thread. */
export class TaskStorage<V> extends LocalStorage<number, V> {
  protected override withOwner<R>(pid: number, use: (fd: number) => R): R {
    return withProcess(pid, use)
  }

  /** This map with values as bytes. */
  get raw(): TaskStorage<Uint8Array> {
    return new TaskStorage(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): TaskStorage<U> {
    return new TaskStorage(handleOf(this), layoutOfCodec('as()', value))
  }
}

/** INODE_STORAGE: values by a file's path, of which symbolic links are followed, or a descriptor of it. */
export class InodeStorage<V> extends LocalStorage<string | number, V> {
  protected override withOwner<R>(file: string | number, use: (fd: number) => R): R {
    return withInode(file, use)
  }

  /** This map with values as bytes. */
  get raw(): InodeStorage<Uint8Array> {
    return new InodeStorage(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): InodeStorage<U> {
    return new InodeStorage(handleOf(this), layoutOfCodec('as()', value))
  }
}

/** CGRP_STORAGE: values by the cgroup's directory, or a descriptor of it. */
export class CgrpStorage<V> extends LocalStorage<string | number, V> {
  protected override withOwner<R>(cgroup: string | number, use: (fd: number) => R): R {
    return withDirectory(cgroup, use)
  }

  /** This map with values as bytes. */
  get raw(): CgrpStorage<Uint8Array> {
    return new CgrpStorage(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): CgrpStorage<U> {
    return new CgrpStorage(handleOf(this), layoutOfCodec('as()', value))
  }
}

/** SK_STORAGE: values by socket, one of Node's or a descriptor. */
export class SkStorage<V> extends LocalStorage<SocketLike, V> {
  protected override withOwner<R>(socket: SocketLike, use: (fd: number) => R): R {
    return use(socketDescriptor(socket, `use ${handleOf(this).title}`))
  }

  /** This map with values as bytes. */
  get raw(): SkStorage<Uint8Array> {
    return new SkStorage(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): SkStorage<U> {
    return new SkStorage(handleOf(this), layoutOfCodec('as()', value))
  }
}

function storage(linux: string, owner: string): MapTypeRequirements {
  const since = { linux, what: `BPF_MAP_TYPE_${owner}_STORAGE` }
  return { key: 4, flags: BPF_F_NO_PREALLOC, needsBtf: true, since }
}

export function taskStorage<V = unknown>(value?: Layout): MapKind<TaskStorage<V>> {
  return { requires: storage('5.11', 'TASK'), create: (handle) => new TaskStorage(handle, value) }
}

export function inodeStorage<V = unknown>(value?: Layout): MapKind<InodeStorage<V>> {
  return { requires: storage('5.10', 'INODE'), create: (handle) => new InodeStorage(handle, value) }
}

export function cgrpStorage<V = unknown>(value?: Layout): MapKind<CgrpStorage<V>> {
  return { requires: storage('6.2', 'CGRP'), create: (handle) => new CgrpStorage(handle, value) }
}

export function skStorage<V = unknown>(value?: Layout): MapKind<SkStorage<V>> {
  return { requires: storage('5.2', 'SK'), create: (handle) => new SkStorage(handle, value) }
}
