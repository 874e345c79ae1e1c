-- Let go of a reservation that nobody will use: it was asked for, and the answer did not arrive.

local message = cmsgpack.unpack(ARGV[1])
local name, now = unpack(message)
local found = redis.call('HGET', KEYS[1], 'r:' .. name)
if not found then return 0 end
let_go(cmsgpack.unpack(found), false, now)
forget('r:' .. name)
return 1
