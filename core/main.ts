#!/usr/bin/env node
import { Server } from './server.ts'

const server = new Server()
const at = process.argv.indexOf('--port')
const port = await server.listen(at > 0 ? Number(process.argv[at + 1]) : 6379, '127.0.0.1')
console.log(`Ready to accept connections on ${port}`)
