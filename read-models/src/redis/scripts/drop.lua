-- Drops a generation that is not live, with documents and positions.
--
-- KEYS: generations, documents, positions
-- ARGV: generation
-- Answers 'done', 'gone' or 'live'.

local state = redis.call('HGET', KEYS[1], ARGV[1])
if not state then
    return 'gone'
end
if state == 'live' then
    return 'live'
end
redis.call('HDEL', KEYS[1], ARGV[1])
-- Frees the memory in the background.
redis.call('UNLINK', KEYS[2], KEYS[3])
return 'done'
