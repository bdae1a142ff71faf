local item, ends, touched = unpack(KEYS)
local member, id, now, slid = unpack(ARGV)
local held = redis.call('HMGET', item, 'expires', 'until', 'touched')
if not held[1] or tonumber(held[1]) <= tonumber(now) then
    return 0
end
local expires = tonumber(slid)
if held[2] ~= '' then
    expires = math.min(expires, tonumber(held[2]))
end
expires = string.format('%.0f', math.max(expires, tonumber(held[1])))
local at = string.format('%.0f', math.max(tonumber(now), tonumber(held[3])))
redis.call('HSET', item, 'expires', expires, 'touched', at)
redis.call('ZADD', ends, expires, member)
redis.call('ZADD', touched, at, id)
return 1
