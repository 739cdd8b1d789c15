r"""Text of cost files to values, as DuckDB macros: exact, or NULL where it is none.

DuckDB's own casts are too kind for money (a DECIMAL cast rounds) and for time (a slash date is a year 4): what has
the right shape is cast, all else is refused by whoever asked. `kind_of_*` say what leniency a value needed.
"""

from __future__ import annotations

SCALE = 18
"""Decimals of every amount. FOCUS fixes none; the finest seen in providers' files is 16."""

MONEY = f"DECIMAL(38, {SCALE})"

MACROS = (
    # A cell that says nothing. Some exporters write the word NULL.
    r"said_null(v) AS v IN ('NULL', 'null', 'Null')",
    "blank(v) AS CASE WHEN said_null(v) THEN NULL ELSE nullif(trim(v, ' \t\r\n\u00a0'), '') END",
    # Amounts: at most 20 digits before the point and 18 behind it, zeros at the end not counted.
    r"is_plain(v) AS regexp_full_match(v, '[-+]?(\d{1,20}(\.\d{0,18}0*)?|\.\d{1,18}0*)')",
    r"is_decorated(v) AS regexp_full_match(v, '-?\$?-?(\d{1,3}(,\d{3})+|\d{1,20})(\.\d{0,18}0*)?')"
    r" OR regexp_full_match(v, '\(\$?(\d{1,3}(,\d{3})+|\d{1,20})(\.\d{0,18}0*)?\)')",
    r"undecorated(v) AS CASE WHEN starts_with(v, '(') THEN '-' ELSE '' END || translate(v, '$,()', '')",
    r"is_scientific(v) AS regexp_full_match(v, '[-+]?\d{1,20}(\.\d*)?[eE][-+]?\d{1,3}') AND"
    r" length(rtrim(regexp_extract(v, '\.(\d*)', 1), '0')) - TRY_CAST(regexp_extract(v, '[eE]([-+]?\d+)$', 1) AS INT) <= 18",
    f"amount(v) AS CASE WHEN is_plain(v) OR is_scientific(v) THEN TRY_CAST(v AS {MONEY})"
    f" WHEN is_decorated(v) THEN TRY_CAST(undecorated(v) AS {MONEY}) END",
    # The same for what is no money: more decimals are cut to 18, which is counted.
    r"is_number(v) AS regexp_full_match(v, '[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?')",
    f"measure(v) AS coalesce(amount(v), CASE WHEN is_number(v) THEN TRY_CAST(v AS {MONEY}) END)",
    # Times: ISO 8601 with T or a space; without a zone it is UTC. Month/day/year as American spreadsheets write it.
    r"is_iso(v) AS regexp_full_match(v, '\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?( ?(Z|UTC|[-+]\d\d(:?\d\d)?))?)?')",
    r"has_zone(v) AS regexp_full_match(v, '.*(Z|UTC|:\d\d(\.\d+)? ?[-+]\d\d(:?\d\d)?)')",
    r"is_slashed(v) AS regexp_full_match(v, '\d{1,2}/\d{1,2}/(\d{2}|\d{4})( \d{1,2}:\d\d(:\d\d)?)?')",
    r"from_slashed(v) AS try_strptime(v, ['%m/%d/%Y', '%m/%d/%Y %H:%M', '%m/%d/%Y %H:%M:%S'])",
    r"instant(v) AS CASE WHEN is_iso(v) THEN TRY_CAST(regexp_replace(v, ' ?UTC$', 'Z') AS TIMESTAMP)"
    r" WHEN is_slashed(v) THEN from_slashed(regexp_replace(v, '^(\d+/\d+/)(\d\d)( |$)', '\120\2\3')) END",
    # Whose cloud, from what a provider calls itself; another provider keeps its name.
    r"cloud_of(v) AS CASE WHEN regexp_matches(v, '(?i)^(aws|amazon)\b') THEN 'aws'"
    r" WHEN regexp_matches(v, '(?i)^(microsoft|azure)\b') THEN 'azure'"
    r" WHEN regexp_matches(v, '(?i)^(google|gcp)\b') THEN 'gcp' ELSE v END",
    r"is_cloud(v) AS cloud_of(v) IN ('aws', 'azure', 'gcp')",
    r"is_hour(v) AS lower(v) IN ('hour', 'hours', 'hr', 'hrs', '1 hour', '1 hours', 'h')",
)  # fmt: skip
