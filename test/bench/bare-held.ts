/** What holding costs node:http itself: keeps each request with its body, and does not answer for as long as a call waits. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const answer = setTimeout(() => response.end(Buffer.concat(chunks)), 60_000)
    response.on('close', () => clearTimeout(answer))
  })
})

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ listening: { agents: `http://127.0.0.1:${port}` } })}\n`)
})
