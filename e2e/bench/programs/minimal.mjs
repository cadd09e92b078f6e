import skel from './minimal.bpf.c'

const minimal = skel.open()
minimal.rodata.ignored = process.pid
minimal.load().attach()
for await (const { pid, comm } of minimal.maps.events) {
  console.log(pid, comm, minimal.maps.counts.get(pid))
}
