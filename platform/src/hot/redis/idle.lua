local touched = KEYS[1]
local items, now, before, limit = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local found, from = {}, 0
while #found < limit do
    local page = redis.call('ZRANGEBYSCORE', touched, '-inf', '(' .. before, 'LIMIT', from, 500)
    for _, id in ipairs(page) do
        local expires = redis.call('HGET', items .. id, 'expires')
        if expires and tonumber(expires) > now and #found < limit then
            found[#found + 1] = id
        end
    end
    if #page < 500 then
        break
    end
    from = from + #page
end
return found
