-- Removes items and buckets that have ended, a few with every write, so that nothing depends on the server's clock.
-- `ends` has a member for each, `item:KIND/ID` or `bucket:KIND/ID`, with the time of its end.
local function sweep(ends, root, now)
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 8)) do
        redis.call('DEL', root .. member)
        redis.call('ZREM', ends, member)
        local kind, id = string.match(member, '^item:([^/]+)/(.+)$')
        if kind then
            redis.call('ZREM', root .. 'touched:' .. kind, id)
        end
    end
end
