// What compiles before any declarations are generated: nothing of the program is checked.
import skel, { defines, types } from './src/flows.bpf.c'

const flows = skel.open({ objectName: 'mine' })
flows.rodata.sample_rate = 100
flows.load().attach()
for await (const sample of flows.maps.samples.as(types['sample'])) console.log(sample.time)
console.log(skel.name, Object.keys(types), defines['SAMPLE_LENGTH'])
flows.destroy()
