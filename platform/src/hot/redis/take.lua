-- Times are microseconds, except those of `ends`. The same arithmetic as in bucket.rs.
local bucket, ends = unpack(KEYS)
local root, member = ARGV[1], ARGV[2]
local now, per, burst, n = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
sweep(ends, root, math.floor(now / 1000))
local full = tonumber(redis.call('GET', bucket) or '0')
local from = math.min(math.max(full, now), now + burst * per)
local after = from + n * per
local wait = after - burst * per - now
if wait > 0 then
    return wait
end
redis.call('SET', bucket, string.format('%.0f', after))
redis.call('ZADD', ends, string.format('%.0f', math.ceil(after / 1000)), member)
return 0
