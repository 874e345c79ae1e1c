-- Say how limits stand without holding anything.

local message = cmsgpack.unpack(ARGV[1])
local now, claims = unpack(message)

sweep(now)
local fields = {'m'}
for n, claim in ipairs(claims) do fields[n + 1] = 'c:' .. claim[NAME] end
local found = redis.call('HMGET', KEYS[1], unpack(fields))
local counters, unknown = read_claims(claims, found, 1)
if #unknown > 0 then return answer(UNKNOWN, '', now, unknown, {}, {}) end
return answer(BOUND, '', now, {}, {}, stand(claims, counters))
