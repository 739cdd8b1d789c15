-- Text of cost files to values: exact, or NULL where it is none.
-- DuckDB's own casts are too kind for money (a cast to DECIMAL rounds) and for time (4/1/25 is a year 4): what has the
-- right shape is cast, all else stays NULL and is refused by whoever asked. `is_…` say what leniency a value needed.

-- A cell that says nothing. Some exporters write the word NULL.
CREATE TEMP MACRO said_null(v) AS v IN ('NULL', 'null', 'Null');
CREATE TEMP MACRO blank(v) AS
  CASE WHEN said_null(v) THEN NULL ELSE nullif(trim(v, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '') END;

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
CREATE TEMP MACRO amount(v) AS
  CASE
    WHEN is_plain(v) OR is_scientific(v) THEN TRY_CAST(v AS DECIMAL(38, 18))
    WHEN is_decorated(v) THEN TRY_CAST(undecorated(v) AS DECIMAL(38, 18))
  END;

-- The same for what is no money: more decimals than 18 are cut, which is counted.
CREATE TEMP MACRO is_number(v) AS regexp_full_match(v, '[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?');
CREATE TEMP MACRO measure(v) AS
  coalesce(amount(v), CASE WHEN is_number(v) THEN TRY_CAST(v AS DECIMAL(38, 18)) END);

-- Times: ISO 8601 with T or a space, in UTC where it names no zone; month/day/year as American spreadsheets write it.
CREATE TEMP MACRO is_iso(v) AS
  regexp_full_match(
    v, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[-+]\d\d(:?\d\d)?))?)?'
  );
CREATE TEMP MACRO has_zone(v) AS regexp_full_match(v, '.*(Z|UTC|:\d\d(\.\d+)? ?[-+]\d\d(:?\d\d)?)');
CREATE TEMP MACRO is_slashed(v) AS regexp_full_match(v, '\d{1,2}/\d{1,2}/(\d{2}|\d{4})( \d{1,2}:\d\d(:\d\d)?)?');
CREATE TEMP MACRO instant(v) AS
  CASE
    WHEN is_iso(v) THEN TRY_CAST(regexp_replace(v, ' ?UTC$', 'Z') AS TIMESTAMP)
    WHEN is_slashed(v) THEN
      try_strptime(
        regexp_replace(v, '^(\d+/\d+/)(\d\d)( |$)', '\120\2\3'), ['%m/%d/%Y', '%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S']
      )
  END;

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
