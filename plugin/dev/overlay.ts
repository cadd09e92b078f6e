import type { ErrorPayload, ViteDevServer } from 'vite'

export type OverlayError = ErrorPayload['err']

/** The error that pages of this dev server show over themselves, until all of its causes are mended. */
export class Overlay {
  readonly #hot: ViteDevServer['environments']['client']['hot']
  readonly #errors = new Map<string, OverlayError>()

  constructor(server: ViteDevServer) {
    this.#hot = server.environments.client.hot
    // A page loaded after the error was sent would look well.
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

  mended(cause: string): void {
    if (!this.#errors.delete(cause)) return
    const err = this.#latest()
    // Vite's client takes the overlay away at any update, also at one of nothing.
    this.#hot.send(err ? { type: 'error', err } : { type: 'update', updates: [] })
  }

  #latest(): OverlayError | undefined {
    return [...this.#errors.values()].at(-1)
  }
}
