import { beforeAll, describe, expect, it } from 'vitest'
import type { InProcessClient } from '../../core/index.ts'
import { Random } from '../support/random.ts'
import { serverForFile, type TestServer } from '../support/server.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'

/* Scripts that mean harm. Each gets an error or a harmless answer, and the next script finds everything as it was. */

let server: TestServer
let operator: InProcessClient

beforeAll(async () => {
  server = await serverForFile()
  operator = server.client()
  await server.call('CONFIG', 'SET', 'busy-reply-threshold', 20)
})

/** Run a script; whoever is busy is killed as an operator would do it. */
async function run(script: string): Promise<unknown> {
  const killer = setInterval(() => operator.call('SCRIPT', 'KILL').catch(() => {}), 20)
  try {
    return await server.call('EVAL', script, 0)
  } catch (error) {
    return `-${(error as Error).message}`
  } finally {
    clearInterval(killer)
  }
}

/** What a fresh server answers: libraries are whole, globals are as at the start, memory and stack are there. */
const PROBE = `
  local t = {}
  for name in pairs(_G) do t[#t + 1] = name end
  table.sort(t)
  return {#t, ("x"):rep(3), string.format("%d", 2^53), cjson.encode({1, "a"}), redis.call("PING").ok, type(getmetatable("")),
    tostring(next({})), table.concat({1, 2}, ","), redis.sha1hex("")}`

const HOSTILE: Record<string, readonly string[]> = {
  'memory bombs': [
    'return ("x"):rep(1e9)',
    'local s = "x" while true do s = s .. s end',
    'local t = {} while true do t[#t + 1] = {} end',
    'local t = {} for i = 1, 1e9 do t[i] = i end',
    'return table.concat(setmetatable({}, {__index = function() return "x" end}), "", 1, 1e9)',
    'local t = {} for i = 1, 1e6 do t[i] = ("y"):rep(1000) end return table.concat(t)',
    'return cjson.encode(("x"):rep(1e8))',
    'return string.format("%99999d", 1)',
    'return ("x"):rep(1e8):gsub(".", "%0%0%0%0")',
    'return cmsgpack.pack(("x"):rep(2e8))',
    'return struct.pack("c" .. 2^31 - 1, "x")',
    'return {unpack({}, 1, 1e8)}',
    'return {unpack({}, -2147483648, 2147483647)}',
    'return redis.call("SET", "k", ("x"):rep(3e8))',
    'local f = coroutine.wrap(function() while true do coroutine.yield(("x"):rep(1e6)) end end) local t = {} while true do t[#t+1] = f() .. #t end',
  ],
  'deep recursion': [
    'local function f() return 1 + f() end return f()',
    'local function f() return f() end return pcall(f)',
    'local function f() return pcall(f) end return {pcall(f)}',
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k .. "x"] end return t.a',
    'local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)',
    'local t = {} t[1] = t return cmsgpack.pack(t)',
    'local t = {} t[1] = t return t',
    'return cjson.decode(("["):rep(1e5))',
    'return cmsgpack.unpack(("\\145"):rep(1e5))',
    'local s = ("("):rep(1e4) return loadstring("return " .. s)',
    'return loadstring(("do "):rep(1e4) .. ("end "):rep(1e4))',
    'local f = function() end for i = 1, 1e5 do local g = f f = function() return g() end end return f()',
    'local c = function() return 1 end for i = 1, 300 do local d = c c = coroutine.wrap(function() return d() end) end return c()',
    'return string.gsub(("x"):rep(1e5), ("(.-)"):rep(32) .. "y", "")',
    'return string.find(("("):rep(1e5), ("%b()"):rep(100))',
  ],
  'work without end': [
    'while true do end',
    'while true do pcall(function() while true do end end) end',
    'while true do pcall(error) end',
    'repeat local ok = xpcall(function() while true do end end, function() while true do end end) until false',
    'return string.find(("a"):rep(40), ("a?"):rep(40) .. ("a"):rep(40))',
    'return string.match(("a"):rep(1e5), ".-.-.-.-.-.-b")',
    'table.sort({3, 2, 1}, function() while true do end end)',
    'return ("x"):gsub("x", function() while true do end end)',
    'local t = setmetatable({}, {__lt = function() while true do end end}) return t < t',
    'local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t, function(a, b) return a > b end) end',
    'coroutine.wrap(function() while true do coroutine.yield() end end)() while true do end',
    'local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end',
    'for i = 1, 1e12 do redis.call("PING") end',
    'goto = 1',
  ],
  'ways out': [
    'return os.execute("true")',
    'return io.open("/etc/passwd")',
    'return require("os")',
    'return dofile("/etc/passwd")',
    'return loadfile("/etc/passwd")',
    'return debug.getregistry()',
    'return package.loaded',
    'return getfenv(0).os.exit()',
    'return load(string.dump(function() return 1 end))()',
    'return loadstring("\\27Lua\\81\\0\\1\\4\\4\\4\\8\\0" .. ("\\255"):rep(200))',
    'setfenv(1, {}) return _G',
    'return newproxy(true)',
    'collectgarbage("stop") collectgarbage("setpause", 1e9)',
  ],
  'marks for those who come later': [
    'x = 1',
    '_G.redis = nil',
    'redis.call = nil',
    'string.rep = nil',
    'rawset(_G, "leak", 1)',
    'rawset(string, "rep", 1)',
    'setmetatable(_G, nil)',
    'setmetatable(string, {})',
    'getmetatable("").__index = nil',
    'getmetatable(_G).__index = nil',
    'table.insert(cjson, 1)',
    'KEYS.leak = 1 ARGV = nil',
    'local env = getfenv(1) env.leak = 1',
    'setfenv(string.rep, {})',
    'setfenv(redis.call, {})',
    'coroutine.wrap(function() setfenv(0, {}) end)()',
    'table.sort(_G)',
    'redis.setresp(3) return redis.call("PING")',
    'math.randomseed(1) return math.random()',
    'cjson.encode_max_depth(1) cjson.decode_max_depth(1)',
    'error({})',
    'error(setmetatable({}, {__tostring = function() error("again") end}))',
    'return setmetatable({}, {__index = function() error("in a reply") end})',
    'return {err = {}}',
    'return {double = "x", map = 1, set = redis, big_number = {}}',
  ],
}

describe('a hostile script', () => {
  for (const [kind, scripts] of Object.entries(HOSTILE))
    it(`leaves nothing behind: ${kind}`, async () => {
      const before = await run(PROBE)
      expect(before).toHaveLength(9)
      for (const script of scripts) {
        await run(script)
        expect(await run(PROBE), script).toEqual(before)
      }
    })

  it('is stopped by its memory, with an error, and gives the memory back', async () => {
    const held = async (): Promise<number> =>
      Number(/used_memory_vm_eval:(\d+)/.exec(String(await server.call('INFO', 'memory')))![1])
    await server.call('SCRIPT', 'FLUSH')
    const before = await held()
    await server.call('CONFIG', 'SET', 'busy-reply-threshold', 60_000)
    expect(await run('local s = "x" while true do s = s .. s end')).toMatch(/not enough memory/)
    await server.call('SCRIPT', 'FLUSH')
    await server.call('CONFIG', 'SET', 'busy-reply-threshold', 20)
    expect((await held()) - before).toBeLessThan(1 << 20)
  })

  it('is stopped by its time where it cannot be suspended', async () => {
    const text = await run('return ("x"):gsub("x", function() while true do end end)')
    expect(text).toMatch(/^-ERR .*(killed|too long|stopped)/i)
  })
})

describe('a busy script', () => {
  /** A script that runs for ever on a connection, once the server says that it is busy. */
  async function busy(script: string): Promise<RawConnection> {
    const connection = await server.connect()
    connection.send(['EVAL', script, '0'])
    const other = await server.connect()
    for (let text = ''; !text.startsWith('-BUSY'); ) {
      other.send(['GET', 'k'])
      text = printReply(await other.read())
    }
    return connection
  }

  for (const script of [
    'while true do end',
    'while true do redis.call("PING") end',
    'while true do pcall(redis.call, "GET", "k") end',
    'local s = ("ab"):rep(50) while true do s:match("(.-)b(.-)$") end',
    'local t = {} for i = 1, 100 do t[i] = i end while true do table.concat(t) end',
    'while true do cjson.decode(cjson.encode({1, 2, {a = "b"}})) end',
    'repeat pcall(function() while true do pcall(error) end end) until false',
  ])
    it(`is heard of and killed: ${script}`, async () => {
      const connection = await busy(script)
      expect(await operator.call('SCRIPT', 'KILL')).toBe('OK')
      expect(printReply(await connection.read())).toMatch(/^-ERR Script killed by user with SCRIPT KILL/)
      expect(await server.call('GET', 'k')).toBeNull()
    })

  it('goes on without its client, and is not killed once it has written', async () => {
    const connection = await busy('redis.call("SET", "w", 1) for i = 1, 5e7 do end redis.call("SET", "w", 2)')
    await expect(operator.call('SCRIPT', 'KILL')).rejects.toThrow(/^UNKILLABLE/)
    connection.close()
    const other = await server.connect()
    for (let text = ''; text !== '"2"'; text = printReply(await other.read())) other.send(['GET', 'w'])
  })
})

/* Text that is nearly Lua: pieces put together at random. Most of it does not compile; what does must end. */
const PIECES =
  'local x = 1;|return|x|y|{}|{1,2,{3}}|"s"|("%b()")|:rep(9)|.k|[1]|=|==|..|+|-|*|/|^|%|#|not|and|or|(|)|,|;|nil|true|1e309|0/0|-1|2^63|do|end|while x do|for i=1,9 do|for k,v in pairs(_G) do|if x then|else|repeat|until x|function(...)|...|pcall(|error(|redis.call("SET","a",|redis.call("GET","a")|redis.pcall("LPUSH","a",1)|string.format("%s %5.2f %q",|string.gsub("abc",|tostring(|tonumber(|setmetatable({},|{__index=|coroutine.wrap(|unpack(|select(|cjson.encode(|cjson.decode(|cmsgpack.pack(|struct.pack("<i8",|bit.bxor(|table.concat(|table.sort('.split(
    '|',
  )

describe('random text', () => {
  it('gets a reply or an error, and the server answers', async () => {
    const random = new Random(20)
    const before = await run(PROBE)
    const count = process.env['REDSTRATA_TEST'] === 'long' ? 200_000 : 4000
    for (let i = 0; i < count; i++) {
      const script = Array.from({ length: 1 + random.below(12) }, () => PIECES[random.below(PIECES.length)]).join(' ')
      await run(script)
      if (i % 500 === 0) expect(await run(PROBE), script).toEqual(before)
    }
    expect(await run(PROBE)).toEqual(before)
    expect(await server.call('PING')).toBe('PONG')
  })
})
