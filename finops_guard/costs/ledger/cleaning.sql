-- Text of cost files to values: exact, or NULL where it is none.
-- DuckDB's own casts are too kind for money (a cast to DECIMAL rounds) and for time (4/1/25 is a year 4): what has the
-- right shape is cast, all else stays NULL and is refused by whoever asked. `is_…` say what leniency a value needed.

-- A cell that says nothing. Some exporters write the word NULL.
CREATE TEMP MACRO said_null(v) AS v IN ('NULL', 'null', 'Null');
CREATE TEMP MACRO blank(v) AS
  CASE
    WHEN said_null(v) THEN NULL
    WHEN v LIKE ' %' OR v LIKE '% ' THEN nullif(trim(v), '')
    ELSE nullif(v, '')
  END;

-- Amounts: at most 20 digits before the point and 18 behind it, zeros at the end not counted.
CREATE TEMP MACRO is_plain(v) AS regexp_full_match(v, '[-+]?(\d{1,20}(\.\d{0,18}0*)?|\.\d{1,18}0*)');
CREATE TEMP MACRO is_decorated(v) AS
  regexp_full_match(v, '-?\$?-?(\d{1,3}(,\d{3})+|\d{1,20})(\.\d{0,18}0*)?')
  OR regexp_full_match(v, '\(\$?(\d{1,3}(,\d{3})+|\d{1,20})(\.\d{0,18}0*)?\)');
CREATE TEMP MACRO undecorated(v) AS CASE WHEN starts_with(v, '(') THEN '-' ELSE '' END || translate(v, '$,()', '');
CREATE TEMP MACRO is_scientific(v) AS
  regexp_full_match(v, '[-+]?\d{1,20}(\.\d*)?[eE][-+]?\d{1,3}')
  AND length(rtrim(regexp_extract(v, '\.(\d*)', 1), '0'))
    - TRY_CAST(regexp_extract(v, '[eE]([-+]?\d+)$', 1) AS INT) <= 18;
-- What an amount is written like, the usual first: 1 plain, 2 scientific, 3 decorated, 4 none of them.
CREATE TEMP MACRO writing(v) AS
  CASE
    WHEN v IS NULL THEN 0
    WHEN strlen(v) <= 19 AND NOT contains(v, 'e') AND NOT contains(v, 'E') AND TRY_CAST(v AS DECIMAL(38, 18)) IS NOT NULL
      THEN 1
    WHEN is_plain(v) THEN 1
    WHEN is_scientific(v) THEN 2
    WHEN is_decorated(v) THEN 3
    ELSE 4
  END;
CREATE TEMP MACRO written(v, writing) AS
  CASE
    WHEN writing IN (1, 2) THEN TRY_CAST(v AS DECIMAL(38, 18))
    WHEN writing = 3 THEN TRY_CAST(undecorated(v) AS DECIMAL(38, 18))
  END;
CREATE TEMP MACRO amount(v) AS written(v, writing(v));

-- The same for what is no money: more decimals than 18 are cut, which is counted.
CREATE TEMP MACRO is_number(v) AS regexp_full_match(v, '[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?');
CREATE TEMP MACRO measured(v, writing) AS
  CASE WHEN writing = 4 AND is_number(v) THEN TRY_CAST(v AS DECIMAL(38, 18)) ELSE written(v, writing) END;

-- Times: ISO 8601 with T or a space, in UTC where it names no zone; month/day/year as American spreadsheets write it.
CREATE TEMP MACRO is_iso(v) AS
  regexp_full_match(
    v, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[-+]\d\d(:?\d\d)?))?)?'
  );
CREATE TEMP MACRO has_zone(v) AS regexp_full_match(v, '.*(Z|UTC|:\d\d(\.\d+)? ?[-+]\d\d(:?\d\d)?)');
CREATE TEMP MACRO is_slashed(v) AS regexp_full_match(v, '\d{1,2}/\d{1,2}/(\d{2}|\d{4})( \d{1,2}:\d\d(:\d\d)?)?');
-- What a time is written like: 1 as FOCUS wants it, 2 ISO with a zone, 3 without one, 4 with slashes, 5 none of them.
CREATE TEMP MACRO clock(v) AS
  CASE
    WHEN v IS NULL THEN 0
    WHEN v LIKE '____-__-__T__:__:__Z' AND TRY_CAST(v AS TIMESTAMP) IS NOT NULL THEN 1
    WHEN is_iso(v) AND has_zone(v) THEN 2
    WHEN is_iso(v) THEN 3
    WHEN is_slashed(v) THEN 4
    ELSE 5
  END;
CREATE TEMP MACRO told(v, clock) AS
  CASE
    WHEN clock = 1 THEN TRY_CAST(v AS TIMESTAMP)
    WHEN clock IN (2, 3) THEN TRY_CAST(regexp_replace(v, ' ?UTC$', 'Z') AS TIMESTAMP)
    WHEN clock = 4 THEN
      try_strptime(
        regexp_replace(v, '^(\d+/\d+/)(\d\d)( |$)', '\120\2\3'), ['%m/%d/%Y', '%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']
      )
  END;
CREATE TEMP MACRO instant(v) AS told(v, clock(v));

-- Whose cloud it is, from what a provider calls itself; another provider keeps its name.
CREATE TEMP MACRO cloud_of(v) AS
  CASE
    WHEN regexp_matches(v, '(?i)^(aws|amazon)\b') THEN 'aws'
    WHEN regexp_matches(v, '(?i)^(microsoft|azure)\b') THEN 'azure'
    WHEN regexp_matches(v, '(?i)^(google|gcp)\b') THEN 'gcp'
    ELSE v
  END;
CREATE TEMP MACRO is_cloud(v) AS cloud_of(v) IN ('aws', 'azure', 'gcp');
CREATE TEMP MACRO is_hour(v) AS lower(v) IN ('hour', 'hours', 'hr', 'hrs', '1 hour', '1 hours', 'h');

-- Two amounts of one row, of which a missing one is nothing; as text, which is read again like any other.
CREATE TEMP MACRO or_nothing(v) AS CASE WHEN v IS NULL THEN CAST(0 AS DECIMAL(38, 18)) ELSE amount(v) END;
CREATE TEMP MACRO plus(v, w) AS CAST(or_nothing(v) + or_nothing(w) AS VARCHAR);
CREATE TEMP MACRO less(v, w) AS CAST(or_nothing(v) - or_nothing(w) AS VARCHAR);

-- A cost with the amounts of a JSON list of credits taken off (they are negative). The amounts are taken from the text:
-- JSON functions would make doubles of them. Where not every credit has one, the result is no amount.
CREATE TEMP MACRO credit_amounts(v) AS
  list_transform(
    regexp_extract_all(v, '"amount"\s*:\s*"?([-+0-9.eE]+)', 1), lambda x: amount(x)
  );
CREATE TEMP MACRO with_credits(cost, credits) AS
  CASE
    WHEN credits IS NULL OR credits = '[]' THEN cost
    WHEN json_valid(credits) AND json_array_length(credits) = list_count(credit_amounts(credits))
      THEN CAST(amount(cost) + list_sum(credit_amounts(credits)) AS VARCHAR)
    ELSE 'credits ' || credits
  END;
