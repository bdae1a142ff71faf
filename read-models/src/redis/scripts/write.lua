-- Keeps the documents that are newer than the stored ones, then raises positions. All of it or nothing.
--
-- KEYS: store, generations, documents, positions
-- ARGV: generation, collection, incarnation of the data ('' for any), number of required positions, number of positions,
--       required {partition, position}…, {partition, position}…, {id, version, kind, body}…
-- Answers {'done', incarnation, number of documents kept}, {'gone'}, or {'restored'} if the data is not what the writer relies on.

-- Decimal texts, because a number of Lua is exact only up to 2^53.
local function is_less(a, b)
    return #a < #b or (#a == #b and a < b)
end

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
    return {'gone'}
end
local incarnation = redis.call('HGET', KEYS[1], 'incarnation')
if not incarnation or (ARGV[3] ~= '' and ARGV[3] ~= incarnation) then
    return {'restored'}
end

local at = 6
for _ = 1, tonumber(ARGV[4]) do
    if is_less(redis.call('HGET', KEYS[4], ARGV[at]) or '0', ARGV[at + 1]) then
        return {'restored'}
    end
    at = at + 2
end
local positions = at

local kept = 0
for first = positions + 2 * tonumber(ARGV[5]), #ARGV, 4 do
    local id, version, kind = ARGV[first], ARGV[first + 1], ARGV[first + 2]
    local stored = redis.call('HGET', KEYS[3], id)
    local keeps = true
    if stored then
        local stored_version, stored_kind = string.match(stored, '^(%d+)(%a)')
        -- At the same version, a mark that the document is stale is news.
        local marks = (kind == 's' or kind == 'x') and (stored_kind == 'c' or stored_kind == 'd')
        keeps = is_less(stored_version, version) or (stored_version == version and marks)
    end
    if keeps then
        redis.call('HSET', KEYS[3], id, version .. kind .. ARGV[first + 3])
        kept = kept + 1
    end
end

for pair = 0, tonumber(ARGV[5]) - 1 do
    local partition, position = ARGV[positions + 2 * pair], ARGV[positions + 2 * pair + 1]
    if is_less(redis.call('HGET', KEYS[4], partition) or '0', position) then
        redis.call('HSET', KEYS[4], partition, position)
    end
end
redis.call('HINCRBY', KEYS[1], 'writes:' .. ARGV[2], 1)
return {'done', incarnation, kept}
