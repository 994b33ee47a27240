/** The upstream of the benchmark: the cheapest HTTP/1.1 server that can be, so that it is not what is measured. */
import { createServer, type AddressInfo } from 'node:net'

const BODY = '{"Item":{"id":{"S":"item-1"},"name":{"S":"a small item"},"price":{"N":"42"}}}'
const HEAD = [
  'HTTP/1.1 200 OK',
  'Server: Server',
  'Date: Mon, 23 Nov 2026 10:00:00 GMT',
  'Content-Type: application/x-amz-json-1.0',
  `Content-Length: ${BODY.length}`,
  'Connection: keep-alive',
  'x-amz-crc32: 2745614147',
  'x-amzn-RequestId: 5E0ZQ1F7AKBJ6NC0K8Q5C4C4QJVV4KQNSO5AEM',
].join('\r\n')
let answered = 0

/** Each answer has a request id of its own, as AWS's have. */
function answer(): string {
  answered += 1
  return `${HEAD}${String(answered).padStart(14, '0')}\r\n\r\n${BODY}`
}

/** Answers each whole request; a request may come in several packets, and several in one. */
const server = createServer({ noDelay: true }, (socket) => {
  let head = ''
  let bodyBytesLeft = 0
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    // Of a large body nothing is looked at.
    if (bodyBytesLeft > chunk.length) {
      bodyBytesLeft -= chunk.length
      return
    }
    let text = head + chunk.toString('latin1')
    head = ''
    while (text !== '') {
      if (bodyBytesLeft > 0) {
        const taken = Math.min(bodyBytesLeft, text.length)
        bodyBytesLeft -= taken
        text = text.slice(taken)
        if (bodyBytesLeft === 0) socket.write(answer(), 'latin1')
        continue
      }
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) {
        head = text
        return
      }
      bodyBytesLeft = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
      text = text.slice(end + 4)
      if (bodyBytesLeft === 0) socket.write(answer(), 'latin1')
    }
  })
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ listening: { agents: `http://127.0.0.1:${port}` } })}\n`)
})
