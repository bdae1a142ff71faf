-- Creates the next generation of a shape, and the store with its first one.
--
-- KEYS: store, generations
-- ARGV: shape, state ('live' or 'building'), format of the store, incarnation of a new store
-- Answers the number of the new generation; with 'live' the number of the live one, if there is one.

redis.call('HSETNX', KEYS[1], 'format', ARGV[3])
redis.call('HSETNX', KEYS[1], 'incarnation', ARGV[4])
if ARGV[2] == 'live' then
    local live = redis.call('HGET', KEYS[2], ARGV[1] .. ' live')
    if live then
        return tonumber(live)
    end
end
local number = redis.call('HINCRBY', KEYS[2], ARGV[1] .. ' last', 1)
redis.call('HSET', KEYS[2], ARGV[1] .. '_g' .. number, ARGV[2])
if ARGV[2] == 'live' then
    redis.call('HSET', KEYS[2], ARGV[1] .. ' live', number)
end
return number
