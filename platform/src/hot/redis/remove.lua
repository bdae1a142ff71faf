local item, ends, touched = unpack(KEYS)
local member, id, now, version = unpack(ARGV)
local held = redis.call('HMGET', item, 'version', 'expires')
if not held[1] or tonumber(held[2]) <= tonumber(now) or (version ~= '' and held[1] ~= version) then
    return 0
end
redis.call('DEL', item)
redis.call('ZREM', ends, member)
redis.call('ZREM', touched, id)
return 1
