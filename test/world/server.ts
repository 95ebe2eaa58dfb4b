import type { Server } from 'node:http'

/** Listens on 127.0.0.1 with a port of the system's choice; answers the origin. */
export function listen(server: Server): Promise<string> {
  // A busy machine must not close a connection on which a request is just coming.
  server.keepAliveTimeout = 75_000
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('no port'))
      resolve(`http://127.0.0.1:${address.port}`)
    })
  })
}

/** Ends open connections too: a client that keeps one alive must not keep a test from ending. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
