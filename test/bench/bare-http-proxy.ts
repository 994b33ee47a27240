/** Bare pass-through by http-proxy-3, the maintained successor of http-proxy. */
import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createProxyServer } from 'http-proxy-3'

const proxy = createProxyServer({
  target: process.argv[2] ?? '',
  agent: new Agent({ keepAlive: true, maxSockets: 128 }),
})
proxy.on('error', (_error, _request, reply) => reply.destroy())

const server = createServer((request, reply) => proxy.web(request, reply))

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ listening: { agents: `http://127.0.0.1:${port}` } })}\n`)
})
