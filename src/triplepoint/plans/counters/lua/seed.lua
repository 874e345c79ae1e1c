-- Make counters known that are not.

local AGENDA_KEEPER = 9e15 -- a moment that never comes: keeps the agenda, and with it its time to live, while it is empty

local message = cmsgpack.unpack(ARGV[1])
local now, epoch, seeds = unpack(message)

-- A seed, six places: counter, kind, moment after which it is past (0: never), amount, slices (number and amount each).
for _, seed in ipairs(seeds) do
  local name, kind, til, hi, lo, slices = unpack(seed)
  if redis.call('HEXISTS', KEYS[1], 'c:' .. name) == 0 then
    local counter = {kind, now, hi, lo}
    if kind ~= RATE then counter[HELD], counter[HELD + 1] = 0, 0 end
    if kind == SLIDING then
      counter[OLDEST], counter[NEWEST], counter[LATEST], counter[LATEST + 1], counter[SLICES] = -1, -1, 0, 0, ''
      for i = 1, #slices, 3 do add_to_slice(counter, slices[i], slices[i + 1], slices[i + 2]) end
    end
    redis.call('HSET', KEYS[1], 'c:' .. name, cmsgpack.pack(counter))
    if til > 0 then redis.call('ZADD', KEYS[2], til + HOUR_US, 'c:' .. name) end
  end
end
local found = redis.call('HGET', KEYS[1], 'm')
if found then epoch = cmsgpack.unpack(found)[1] end
redis.call('HSET', KEYS[1], 'm', cmsgpack.pack({epoch, now}))
redis.call('ZADD', KEYS[2], AGENDA_KEEPER, '')
redis.call('PEXPIRE', KEYS[1], IDLE_MS)
redis.call('PEXPIRE', KEYS[2], IDLE_MS)
return epoch
