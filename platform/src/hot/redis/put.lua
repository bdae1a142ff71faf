local item, ends, touched, versions = unpack(KEYS)
local root, member, id, now, value, only, expires, ends_at, from_clock = unpack(ARGV)
sweep(ends, root, now)
local held = redis.call('HMGET', item, 'value', 'version', 'expires', 'until')
local lives = held[2] and tonumber(held[3]) > tonumber(now)
if only ~= 'any' then
    local wanted = only ~= 'absent' and only or false
    if (lives and held[2] or false) ~= wanted then
        return lives and held or {}
    end
end
local last = tonumber(redis.call('GET', versions) or '0')
local version = string.format('%.0f', math.max(last + 1, tonumber(from_clock)))
redis.call('SET', versions, version)
redis.call('DEL', item)
redis.call('HSET', item, 'value', value, 'version', version, 'expires', expires, 'until', ends_at, 'touched', now)
redis.call('ZADD', ends, expires, member)
redis.call('ZADD', touched, now, id)
return version
