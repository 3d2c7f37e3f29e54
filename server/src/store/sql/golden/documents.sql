-- INCIDENT_IDS
SELECT id
FROM incidents FINAL
ORDER BY JSONExtractString(body, 'status') = 'open' DESC, version DESC
LIMIT 2000

-- notificationIds
SELECT id
FROM notifications FINAL
ORDER BY state IN ('waiting', 'pending') DESC, created DESC, id
LIMIT 200

-- SILENCE_IDS
SELECT id
FROM silences FINAL
ORDER BY version DESC
LIMIT 1000

-- bodiesByIds
SELECT id, body
FROM incidents FINAL
WHERE id IN {ids:Array(String)}

-- LEARNED_KEYS
SELECT concat(environment, '\0', type) AS key
FROM learned FINAL

-- LEARNED_BY_KEYS
SELECT environment, type, model AS json
FROM learned FINAL
WHERE concat(environment, '\0', type) IN {keys:Array(String)}

-- DOCUMENTS_OF_KIND
SELECT id, body
FROM documents FINAL
WHERE kind = {kind:String} AND body != ''
ORDER BY id
