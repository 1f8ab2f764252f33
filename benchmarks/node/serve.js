'use strict'

// Starts dynalite behind the guard: `node serve.js <port> [<database>]`; without a database the data is in its memory.
// It ends when its standard input does, which is when the program that started it has ended.

const dynalite = require('dynalite')
const { HOST, guard } = require('./loopback_guard')

const [port, database] = process.argv.slice(2)

process.stdin.resume().on('end', () => process.exit())
guard(dynalite({ path: database, createTableMs: 0 }), port).listen(port, HOST)
