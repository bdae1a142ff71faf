-- Makes a generation live and retires the live one.
--
-- KEYS: store, generations
-- ARGV: shape, number, collection
-- Answers 'done' or 'gone'.

local to = ARGV[1] .. '_g' .. ARGV[2]
if redis.call('HEXISTS', KEYS[2], to) == 0 then
    return 'gone'
end
local live = redis.call('HGET', KEYS[2], ARGV[1] .. ' live')
if live ~= ARGV[2] then
    if live then
        redis.call('HSET', KEYS[2], ARGV[1] .. '_g' .. live, 'retired')
    end
    redis.call('HSET', KEYS[2], to, 'live', ARGV[1] .. ' live', ARGV[2])
end
-- Readers that wait for a change look at the new generation.
redis.call('HINCRBY', KEYS[1], 'writes:' .. ARGV[3], 1)
return 'done'
