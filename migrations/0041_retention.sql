-- What is forgotten by itself, and the report of it.

CREATE TABLE retention_run (
    rule   text NOT NULL CHECK (rule ~ '^[a-z_]{1,32}$'),
    day    date NOT NULL,
    at     timestamptz NOT NULL,
    before timestamptz NOT NULL,
    rows   bigint NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (rule, day)
);
COMMENT ON TABLE retention_run IS 'What each rule of retention took away on a day; one line even where it was nothing.';
COMMENT ON COLUMN retention_run.before IS 'What was older than this went.';
