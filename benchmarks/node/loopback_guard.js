'use strict'

// Who may talk to a server of Node on loopback: programs of this machine, and no web page. The rule is that of
// build/loopback.py, which says why; the tests send the same requests to both.

const HOST = '127.0.0.1'

function refusal (port, target, rawHeaders) {
  const authorities = [`${HOST}:${port}`, `localhost:${port}`]
  const origins = authorities.map(authority => `http://${authority}`)
  const values = wanted => rawHeaders.filter((_, index) => index % 2 && rawHeaders[index - 1].toLowerCase() === wanted)
  const hosts = values('host')
  if (!target.startsWith('/')) return 'The target of a request has to be a path.'
  if (hosts.length !== 1 || !authorities.includes(hosts[0].toLowerCase())) {
    return `The Host has to be ${authorities.join(' or ')}, once.`
  }
  if (!values('origin').every(origin => origins.includes(origin))) return 'Pages of other origins are not answered.'
  if (!values('sec-fetch-site').every(site => ['same-origin', 'none'].includes(site))) {
    return 'Requests that another site causes are not answered.'
  }
}

// Puts the rule before everything that a server does with requests, before it listens.
function guard (server, port) {
  const answer = server.listeners('request')
  function answerOrRefuse (request, response) {
    const reason = refusal(port, request.url, request.rawHeaders)
    delete request.headers.origin // so that no CORS headers are sent
    if (reason) response.writeHead(403, { 'Content-Type': 'text/plain', Connection: 'close' }).end(`${reason}\n`)
    else answer.forEach(listener => listener.call(server, request, response))
  }
  server.requireHostHeader = false // or Node answers 400
  server.removeAllListeners('request')
  server.on('request', answerOrRefuse)
  server.on('checkExpectation', answerOrRefuse)
  server.on('clientError', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n'))
  return server
}

module.exports = { HOST, guard }
