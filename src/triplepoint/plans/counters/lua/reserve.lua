-- Hold the worst case on every claim, or nothing.

local message = cmsgpack.unpack(ARGV[1])
local name, now, now_hi, now_lo, expires, claims = unpack(message)
local field = 'r:' .. name

-- How much of a claim there is room for; of a rate, all of it or nothing.
local function room(counter, claim)
  if claim[KIND] ~= RATE then
    local hi, lo = less(claim[LIMIT], claim[LIMIT + 1], counter[USED], counter[USED + 1])
    return less(hi, lo, counter[HELD], counter[HELD + 1])
  end
  if claim[LIMIT] < 0 then return 0, 0 end
  local due_hi, due_lo = counter[DUE], counter[DUE + 1]
  if is_below(due_hi, due_lo, now_hi, now_lo) then due_hi, due_lo = now_hi, now_lo end
  due_hi, due_lo = sum(due_hi, due_lo, claim[AMOUNT], claim[AMOUNT + 1])
  local end_hi, end_lo = sum(now_hi, now_lo, claim[LIMIT], claim[LIMIT + 1])
  if is_below(end_hi, end_lo, due_hi, due_lo) then return -1, 0 end
  return claim[AMOUNT], claim[AMOUNT + 1]
end

local takes, binding, pools = {}, {}, {}

local function take(n, hi, lo, least_hi, least_lo)
  if is_below(hi, lo, least_hi, least_lo) then least_hi, least_lo = hi, lo end
  local at = #takes
  takes[at + 1], takes[at + 2], takes[at + 3], takes[at + 4], takes[at + 5] = n - 1, hi, lo, least_hi, least_lo
end

-- Claims of one pool stand for one amount: take from this one what it has.
local function take_of_pool(n, claim, hi, lo)
  local pool = pools[claim[POOL]]
  if not pool then
    pool = {hi = claim[AMOUNT], lo = claim[AMOUNT + 1], is_whole = true}
    pools[claim[POOL]] = pool
  end
  pool.last = n
  if is_below(pool.hi, pool.lo, hi, lo) then hi, lo = pool.hi, pool.lo end
  if is_below(0, 0, hi, lo) then
    if pool.is_whole then take(n, hi, lo, claim[LEAST], claim[LEAST + 1]) else take(n, hi, lo, 0, 0) end
    pool.hi, pool.lo = less(pool.hi, pool.lo, hi, lo)
    pool.is_whole = false
  end
end

sweep(now)
local fields = {'m', field}
for n, claim in ipairs(claims) do fields[n + 2] = 'c:' .. claim[NAME] end
local found = redis.call('HMGET', KEYS[1], unpack(fields))
local meta = found[1] and cmsgpack.unpack(found[1]) or {'', 0}
if found[2] then
  local known = cmsgpack.unpack(found[2])
  if known[LOST] == 0 then return known[ANSWER] end
end
local counters, unknown = read_claims(claims, found, 2)
if #unknown > 0 then return answer(UNKNOWN, '', now, unknown, {}, {}) end

for n, claim in ipairs(claims) do
  local hi, lo = room(counters[n], claim)
  if claim[POOL] ~= '' then
    take_of_pool(n, claim, hi, lo)
  elseif is_below(hi, lo, claim[AMOUNT], claim[AMOUNT + 1]) then
    binding[#binding + 1] = n - 1
  else
    take(n, claim[AMOUNT], claim[AMOUNT + 1], claim[LEAST], claim[LEAST + 1])
  end
end
for _, pool in pairs(pools) do
  if pool.hi ~= 0 or pool.lo ~= 0 then binding[#binding + 1] = pool.last - 1 end
end
if #binding > 0 then return answer(BOUND, meta[1], now, binding, {}, stand(claims, counters)) end

local holds, writes = {}, {}
for i = 1, #takes, 5 do
  local n = takes[i] + 1
  local claim, counter, hi, lo = claims[n], counters[n], takes[i + 1], takes[i + 2]
  if claim[KIND] ~= RATE then
    increase(counter, HELD, hi, lo)
  elseif claim[LIMIT] >= 0 then
    use(counter, 0, hi, lo, now_hi, now_lo)
  end
  local at = #holds
  holds[at + 1], holds[at + 2], holds[at + 3] = claim[NAME], hi, lo
  holds[at + 4], holds[at + 5], holds[at + 6] = takes[i + 3], takes[i + 4], claim[SLICE]
  writes[#writes + 1] = fields[n + 2]
  writes[#writes + 1] = cmsgpack.pack(counter)
end
local reserved = answer(RESERVED, meta[1], now, {}, takes, stand(claims, counters))
writes[#writes + 1] = field
writes[#writes + 1] = cmsgpack.pack({0, reserved, holds})
if now - meta[2] > HOUR_US then
  meta[2] = now
  writes[#writes + 1] = 'm'
  writes[#writes + 1] = cmsgpack.pack(meta)
  redis.call('PEXPIRE', KEYS[1], IDLE_MS)
  redis.call('PEXPIRE', KEYS[2], IDLE_MS)
end
redis.call('HSET', KEYS[1], unpack(writes))
redis.call('ZADD', KEYS[2], expires, field)
return reserved
