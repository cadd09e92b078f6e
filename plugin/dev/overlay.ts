import type { ErrorPayload, ViteDevServer } from 'vite'

export type OverlayError = ErrorPayload['err']

/** The error overlay of this dev server's pages, shown until each cause is cleared. */
export class Overlay {
  readonly #hot: ViteDevServer['environments']['client']['hot']
  readonly #errors = new Map<string, OverlayError>()

  constructor(server: ViteDevServer) {
    this.#hot = server.environments.client.hot
    // A page that is loaded after the error was sent needs it too.
    this.#hot.on('vite:client:connect', (_payload, client) => {
      const err = this.#latest()
      if (err) client.send({ type: 'error', err })
    })
  }

  show(cause: string, error: OverlayError): void {
    this.#errors.delete(cause)
    this.#errors.set(cause, error)
    this.#hot.send({ type: 'error', err: error })
  }

  clear(cause: string): void {
    if (!this.#errors.delete(cause)) return
    const err = this.#latest()
    // Vite's client removes the overlay at any update, an empty one too.
    this.#hot.send(err ? { type: 'error', err } : { type: 'update', updates: [] })
  }

  #latest(): OverlayError | undefined {
    return [...this.#errors.values()].at(-1)
  }
}
