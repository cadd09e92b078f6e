import { type process_event, STARTED } from './processes.bpf.c'

const list = element('#events', HTMLTableSectionElement)
const counts = { started: element('#started', HTMLElement), ended: element('#ended', HTMLElement) }
const shown = 200

connect()

function connect(): void {
  const stream = new EventSource('/events')
  stream.addEventListener('open', () => document.body.classList.add('live'))
  stream.addEventListener('message', ({ data }) => show(JSON.parse(data) as process_event))
  stream.addEventListener('error', () => {
    document.body.classList.remove('live')
    // The agent is being replaced, or does not run yet.
    stream.close()
    setTimeout(connect, 500)
  })
}

function show(event: process_event): void {
  const started = event.change === STARTED
  const count = started ? counts.started : counts.ended
  count.textContent = String(Number(count.textContent) + 1)

  const row = list.insertRow(0)
  row.className = started ? 'started' : event.exit_code === 0 ? 'ended' : 'failed'
  const fate = started ? 'started' : `exit ${event.exit_code}`
  const lifetime = event.lifetime > 0 ? `${(event.lifetime / 1000).toFixed(1)} ms` : ''
  for (const text of [event.pid, event.comm, event.parent, fate, lifetime]) {
    row.insertCell().textContent = String(text)
  }
  list.rows[shown]?.remove()
}

function element<T extends Element>(selector: string, kind: new () => T): T {
  const found = document.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`index.html has no ${selector}`)
}
