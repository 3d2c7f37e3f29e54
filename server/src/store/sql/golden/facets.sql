-- facetCounts
SELECT facet.1 AS field, facet.2 AS value, count() AS flows
FROM (
  SELECT
    arrayConcat(
      [('status', status), ('type', type), ('environment', environment)],
      arrayMap(service -> ('service', service), services)
    ) AS facets
  FROM (
    SELECT status, type, environment, services
    FROM (
      WITH (settles_as != '' AND settles_at <= 1794000000000) AS is_settled
      SELECT * REPLACE (
        if(is_settled, 'ended', phase) AS phase,
        if(is_settled, settles_as, outcome) AS outcome,
        if(is_settled, settles_as, status) AS status
      )
      FROM flows FINAL
      WHERE deleted = 0
    )
    WHERE 1
    AND type IN {types:Array(String)}
  )
)
ARRAY JOIN facets AS facet
GROUP BY field, value
ORDER BY field, flows DESC, value
LIMIT 50 BY field
