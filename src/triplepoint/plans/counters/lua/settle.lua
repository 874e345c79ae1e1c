-- Put the truth in the place of what was held; a second time changes nothing. KEYS[3] marks what is settled.
--
-- A reservation that is not known here is one of four:
--   * settled before, and its mark says so, or `doubt` does: the epoch in which it was held, sent along only where an earlier
--     try may have been carried out without our hearing of it. In that epoch nothing was lost, so it was carried out.
--   * held in an epoch that is over: this server lost its memory. It counts on the counters that are known.
--   * never held, because this server was away. It counts likewise.
--   * so old that the ledger counted it before a counter was seeded from it. There it does not count again.

local MARK_MS = 60000     -- of a settlement of what was held: its record is gone, so only a repetition at once matters
local UNHELD_MS = 86400000

local message = cmsgpack.unpack(ARGV[1])
local doubt = ARGV[2]
local name, now, now_hi, now_lo, lag, entries = unpack(message)
local field = 'r:' .. name

-- An entry, eight places: counter, number of the slice, used, held, counted if lost.
local USED_AT, HELD_AT, LOST_AT = 3, 5, 7

local fields = {'m', field}
for n, entry in ipairs(entries) do fields[n + 2] = 'c:' .. entry[1] end
local found = redis.call('HMGET', KEYS[1], unpack(fields))
if not found[1] then return 0 end
local reservation = found[2] and cmsgpack.unpack(found[2])
if not reservation then
  if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
  if doubt ~= '' and doubt == cmsgpack.unpack(found[1])[1] then return 0 end
end

local writes = {}
for n, entry in ipairs(entries) do
  local counter = found[n + 2] and cmsgpack.unpack(found[n + 2])
  if counter and reservation then
    release(counter, reservation[LOST] == 1, entry[HELD_AT], entry[HELD_AT + 1], entry[LOST_AT], entry[LOST_AT + 1],
      entry[USED_AT], entry[USED_AT + 1], entry[2])
  elseif counter and now + lag >= counter[SEEDED] then
    use(counter, entry[2], entry[USED_AT], entry[USED_AT + 1], now_hi, now_lo)
  else
    counter = false
  end
  if counter then
    writes[#writes + 1] = fields[n + 2]
    writes[#writes + 1] = cmsgpack.pack(counter)
  end
end
if #writes > 0 then redis.call('HSET', KEYS[1], unpack(writes)) end
if reservation then forget(field) end
redis.call('SET', KEYS[3], '', 'PX', reservation and MARK_MS or UNHELD_MS)
return 1
