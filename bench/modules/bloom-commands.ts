/* What does a command of a sketch cost inside the server, beside SET and GET?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/bloom-commands.ts [TITLE ...]
 *
 * Keys and sizes are those of the wire benchmark; see commands.ts for what is measured. */
import { type Line, measureCommands } from './commands.ts'

const hundred = (command: string) => [command, 'bf', ...Array.from({ length: 100 }, () => 'item:__rand_int__')]
const lines: readonly Line[] = [
  { title: 'PING', keys: 1, words: ['PING'] },
  { title: 'SET', keys: 100_000, words: ['SET', 'yard:__rand_int__', 'sixteen-byte-val'] },
  { title: 'GET', keys: 100_000, words: ['GET', 'yard:__rand_int__'] },
  { title: 'BF.ADD', keys: 1e6, words: ['BF.ADD', 'bf', 'item:__rand_int__'] },
  { title: 'BF.EXISTS', keys: 1e6, words: ['BF.EXISTS', 'bf', 'item:__rand_int__'] },
  { title: 'BF.MADD, an item of 100', keys: 1e6, words: hundred('BF.MADD'), items: 100 },
  { title: 'BF.MEXISTS, an item of 100', keys: 1e6, words: hundred('BF.MEXISTS'), items: 100 },
  { title: 'CF.ADDNX', keys: 1e6, words: ['CF.ADDNX', 'cf', 'item:__rand_int__'] },
  { title: 'CF.EXISTS', keys: 1e6, words: ['CF.EXISTS', 'cf', 'item:__rand_int__'] },
  { title: 'CMS.INCRBY', keys: 100_000, words: ['CMS.INCRBY', 'cms', 'item:__rand_int__', '1'] },
  { title: 'TOPK.ADD', keys: 10_000, words: ['TOPK.ADD', 'topk', 'item:__rand_int__'] },
  { title: 'TDIGEST.ADD', keys: 100_000, words: ['TDIGEST.ADD', 'td', '__rand_int__'] },
]

await measureCommands(async call => {
  await call('BF.RESERVE', 'bf', '0.01', '1000000')
  await call('CF.RESERVE', 'cf', '2000000')
  await call('CMS.INITBYDIM', 'cms', '20000', '5')
  await call('TOPK.RESERVE', 'topk', '50', '2000', '7', '0.9')
  await call('TDIGEST.CREATE', 'td', 'COMPRESSION', '100')
}, lines)
