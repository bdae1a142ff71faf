-- Stores a document in the place of another one, or removes it if no other is given, unless the stored version is newer than the
-- one that was seen.
--
-- KEYS: store, generations, documents
-- ARGV: generation, collection, id, version that was seen, and for a document: version, kind, body
-- Answers {'done', 1 if it was replaced or removed, else 0}, or {'gone'}.

local function is_less(a, b)
    return #a < #b or (#a == #b and a < b)
end

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
    return {'gone'}
end
local stored = redis.call('HGET', KEYS[3], ARGV[3])
-- What has no version was not written by a projector.
local version = stored and string.match(stored, '^(%d+)%a')
if version and is_less(ARGV[4], version) then
    return {'done', 0}
end
if ARGV[5] then
    redis.call('HSET', KEYS[3], ARGV[3], ARGV[5] .. ARGV[6] .. ARGV[7])
elseif redis.call('HDEL', KEYS[3], ARGV[3]) == 0 then
    return {'done', 0}
end
redis.call('HINCRBY', KEYS[1], 'writes:' .. ARGV[2], 1)
return {'done', 1}
