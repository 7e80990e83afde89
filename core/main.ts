#!/usr/bin/env node
import { createServer } from './index.ts'

const at = process.argv.indexOf('--port')
await createServer({ port: at > 0 ? Number(process.argv[at + 1]) : 6379, log: line => console.log(line) })
