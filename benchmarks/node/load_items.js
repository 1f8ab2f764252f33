'use strict'

// Writes items into a table of a dynalite database that no server has open: `node load_items.js <database> <table>`
// reads typed items from standard input, one JSON object a line. Through the API a million would take minutes.

const readline = require('node:readline')
const { promisify } = require('node:util')
const db = require('dynalite/db')

const ITEMS_AT_ONCE = 5000

async function load (database, tableName) {
  const store = db.create({ path: database })
  const table = await promisify(store.getTable)(tableName)
  const items = store.getItemDb(tableName)
  const write = promisify(items.batch)
  let puts = []
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const item = JSON.parse(line)
    puts.push({ type: 'put', key: db.createKey(item, table), value: item })
    if (puts.length === ITEMS_AT_ONCE) {
      await write(puts)
      puts = []
    }
  }
  await write(puts)
  await promisify(store.db.close)()
}

load(process.argv[2], process.argv[3]).then(() => process.exit(0), error => {
  console.error(error)
  process.exit(1)
})
