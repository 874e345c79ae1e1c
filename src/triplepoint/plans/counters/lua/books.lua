-- What every script begins with: amounts in two limbs, counters, and the sweeping up of what is over.
--
-- KEYS[1] is the account (a hash), KEYS[2] its agenda (a sorted set: what is to be swept up, by the moment in microseconds).
-- Fields of the account: `m` (epoch, and when its time to live was set), `c:NAME` counters, `r:NAME` reservations.
--
-- Lua's numbers are doubles, exact up to 2^53. An amount is therefore hi * 10^15 + lo with 0 <= lo < 10^15, hi below 0 for
-- amounts below 0: exact up to 10^30, which is 10^12 dollars in units of 10^-18.

local LIMB = 1e15
local HOUR_US = 3.6e9
local IDLE_MS = 691200000   -- eight days: whoever comes back later is seeded from the ledger again
local LATE_US = 6 * HOUR_US -- how long a lost reservation waits for its settlement
local SWEEP = 64            -- so much is swept up by one call, no more

local WINDOW, SLIDING, RATE = 1, 2, 3

-- A counter is an array: kind, moment of its seeding, and then
--   window:   used, held
--   sliding:  used, held, number of the oldest slice, number and amount of the newest, the slices before it (packed; '' = none)
--   rate:     theoretical arrival time in nanoseconds
-- with two places for each amount. An unknown slice has the number -1.
local SEEDED, USED, HELD, OLDEST, NEWEST, LATEST, SLICES, DUE = 2, 3, 5, 7, 8, 9, 11, 3

local function sum(ah, al, bh, bl)
  local hi, lo = ah + bh, al + bl
  if lo >= LIMB then return hi + 1, lo - LIMB end
  return hi, lo
end

local function less(ah, al, bh, bl)
  local hi, lo = ah - bh, al - bl
  if lo < 0 then return hi - 1, lo + LIMB end
  return hi, lo
end

local function is_below(ah, al, bh, bl)
  return ah < bh or (ah == bh and al < bl)
end

local function increase(counter, place, hi, lo)
  counter[place], counter[place + 1] = sum(counter[place], counter[place + 1], hi, lo)
end

local function decrease(counter, place, hi, lo)
  counter[place], counter[place + 1] = less(counter[place], counter[place + 1], hi, lo)
end

local function open_slices(counter)
  if counter[SLICES] == '' then return {} end
  return cmsgpack.unpack(counter[SLICES])
end

local function close_slices(counter, slices)
  counter[SLICES] = #slices > 0 and cmsgpack.pack(slices) or ''
  counter[OLDEST] = slices[1] or counter[NEWEST]
end

-- Drop what has left a sliding window: slices below `first`.
local function slide(counter, first)
  if counter[OLDEST] < 0 or counter[OLDEST] >= first then return end
  local slices, kept = open_slices(counter), {}
  for i = 1, #slices, 3 do
    if slices[i] < first then
      decrease(counter, USED, slices[i + 1], slices[i + 2])
    else
      kept[#kept + 1], kept[#kept + 2], kept[#kept + 3] = slices[i], slices[i + 1], slices[i + 2]
    end
  end
  if counter[NEWEST] < first then
    decrease(counter, USED, counter[LATEST], counter[LATEST + 1])
    counter[NEWEST], counter[LATEST], counter[LATEST + 1] = -1, 0, 0
  end
  close_slices(counter, kept)
end

-- Add to a slice that is not the newest; they stay sorted.
local function add_to_older(slices, number, hi, lo)
  for i = 1, #slices, 3 do
    if slices[i] == number then
      slices[i + 1], slices[i + 2] = sum(slices[i + 1], slices[i + 2], hi, lo)
      return
    end
    if slices[i] > number then
      table.insert(slices, i, lo)
      table.insert(slices, i, hi)
      table.insert(slices, i, number)
      return
    end
  end
  slices[#slices + 1] = number
  slices[#slices + 1] = hi
  slices[#slices + 1] = lo
end

local function add_to_slice(counter, number, hi, lo)
  increase(counter, USED, hi, lo)
  if number == counter[NEWEST] then
    increase(counter, LATEST, hi, lo)
    return
  end
  local slices = open_slices(counter)
  if number > counter[NEWEST] then
    if counter[NEWEST] >= 0 then add_to_older(slices, counter[NEWEST], counter[LATEST], counter[LATEST + 1]) end
    counter[NEWEST], counter[LATEST], counter[LATEST + 1] = number, hi, lo
  else
    add_to_older(slices, number, hi, lo)
  end
  close_slices(counter, slices)
end

-- Count what was used; of a rate in nanoseconds, from `now` (in nanoseconds) where it is idle.
local function use(counter, number, hi, lo, now_hi, now_lo)
  local kind = counter[1]
  if kind == WINDOW then
    increase(counter, USED, hi, lo)
  elseif kind == SLIDING then
    if hi ~= 0 or lo ~= 0 then add_to_slice(counter, number, hi, lo) end
  else
    if now_hi and is_below(counter[DUE], counter[DUE + 1], now_hi, now_lo) then
      counter[DUE], counter[DUE + 1] = now_hi, now_lo
    end
    increase(counter, DUE, hi, lo)
  end
end

-- Put what was used in the place of what was held, or of what was counted when it was lost.
local function release(counter, is_lost, held_hi, held_lo, lost_hi, lost_lo, used_hi, used_lo, number)
  local before_hi, before_lo = 0, 0
  if is_lost then
    before_hi, before_lo = lost_hi, lost_lo
  elseif counter[1] == RATE then
    before_hi, before_lo = held_hi, held_lo
  else
    decrease(counter, HELD, held_hi, held_lo)
  end
  local hi, lo = less(used_hi, used_lo, before_hi, before_lo)
  use(counter, number, hi, lo)
end

-- A reservation is an array: whether it is lost (0, 1), what was answered, and its holds, six places each: counter, held, counted
-- if lost, length of a slice.
local LOST, ANSWER, HOLDS = 1, 2, 3

local function read_counter(name, cache)
  local counter = cache[name]
  if counter == nil then
    local found = redis.call('HGET', KEYS[1], 'c:' .. name)
    counter = found and cmsgpack.unpack(found) or false
    cache[name] = counter
  end
  return counter
end

-- Let go of everything that a reservation holds and count its least, or nothing.
local function let_go(reservation, counts_least, now)
  local cache, holds = {}, reservation[HOLDS]
  local is_lost = reservation[LOST] == 1
  for i = 1, #holds, 6 do
    local counter = read_counter(holds[i], cache)
    if counter then
      local used_hi, used_lo = 0, 0
      if counts_least then used_hi, used_lo = holds[i + 3], holds[i + 4] end
      local number = holds[i + 5] > 0 and math.floor(now / holds[i + 5]) or 0
      release(counter, is_lost, holds[i + 1], holds[i + 2], holds[i + 3], holds[i + 4], used_hi, used_lo, number)
    end
  end
  for name, counter in pairs(cache) do
    if counter then redis.call('HSET', KEYS[1], 'c:' .. name, cmsgpack.pack(counter)) end
  end
end

local function forget(field)
  redis.call('HDEL', KEYS[1], field)
  redis.call('ZREM', KEYS[2], field)
end

local function sweep_reservation(field, now)
  local found = redis.call('HGET', KEYS[1], field)
  local reservation = found and cmsgpack.unpack(found)
  if not reservation or reservation[LOST] == 1 then return forget(field) end
  let_go(reservation, true, now)
  reservation[LOST] = 1
  redis.call('HSET', KEYS[1], field, cmsgpack.pack(reservation))
  redis.call('ZADD', KEYS[2], now + LATE_US, field)
end

local function sweep_counter(field, now)
  local found = redis.call('HGET', KEYS[1], field)
  local counter = found and cmsgpack.unpack(found)
  if counter and counter[1] ~= RATE and (counter[HELD] ~= 0 or counter[HELD + 1] ~= 0) then
    redis.call('ZADD', KEYS[2], now + HOUR_US, field)
  else
    forget(field)
  end
end

-- Sweep up what is over: reservations that nobody settled count their least, counters of periods past are dropped.
local function sweep(now)
  local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, SWEEP)
  for _, field in ipairs(over) do
    if string.sub(field, 1, 2) == 'r:' then sweep_reservation(field, now) else sweep_counter(field, now) end
  end
end

-- A claim as it comes in, eleven places: counter, kind, limit, amount, counted if lost, pool, length of a slice, first slice
-- that counts, if any. Of a rate the limit is the burst in nanoseconds (hi = -1: nothing may pass) and amounts are intervals.
local NAME, KIND, LIMIT, AMOUNT, LEAST, POOL, SLICE, FIRST = 1, 2, 3, 5, 7, 9, 10, 11

-- Read what claims are about; returns the counters and the positions (from 0) of those that are not known.
local function read_claims(claims, found, offset)
  local counters, unknown = {}, {}
  for n, claim in ipairs(claims) do
    local packed = found[n + offset]
    if packed then
      counters[n] = cmsgpack.unpack(packed)
      if claim[KIND] == SLIDING then slide(counters[n], claim[FIRST]) end
    else
      unknown[#unknown + 1] = n - 1
    end
  end
  return counters, unknown
end

-- The number of the slice after whose end there is room for a claim; -1 where there is room, or nothing that leaves would do.
local function frees_after(counter, claim)
  local hi, lo = sum(counter[USED], counter[USED + 1], counter[HELD], counter[HELD + 1])
  hi, lo = sum(hi, lo, claim[AMOUNT], claim[AMOUNT + 1])
  hi, lo = less(hi, lo, claim[LIMIT], claim[LIMIT + 1])
  if not is_below(0, 0, hi, lo) then return -1 end
  local slices = open_slices(counter)
  if counter[NEWEST] >= 0 then add_to_older(slices, counter[NEWEST], counter[LATEST], counter[LATEST + 1]) end
  for i = 1, #slices, 3 do
    hi, lo = less(hi, lo, slices[i + 1], slices[i + 2])
    if not is_below(0, 0, hi, lo) then return slices[i] end
  end
  return -1
end

-- How limits stand, three places each: used and held together (of a rate: when the next is due), and after which slice there
-- is room.
local function stand(claims, counters)
  local standings = {}
  for n, claim in ipairs(claims) do
    local counter, hi, lo, after = counters[n], nil, nil, -1
    if claim[KIND] == RATE then
      hi, lo = counter[DUE], counter[DUE + 1]
    else
      hi, lo = sum(counter[USED], counter[USED + 1], counter[HELD], counter[HELD + 1])
      if claim[KIND] == SLIDING then after = frees_after(counter, claim) end
    end
    standings[3 * n - 2], standings[3 * n - 1], standings[3 * n] = hi, lo, after
  end
  return standings
end

local UNKNOWN, BOUND, RESERVED = 0, 1, 2

local function answer(outcome, epoch, moment, places, takes, standings)
  return cmsgpack.pack({outcome, epoch, moment, places, takes, standings})
end
