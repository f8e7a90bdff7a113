-- The chain over the audit trail, and its signed head.
--
-- Nodes chain lines after they are committed, in an order of the chain's own (`position`): a line that
-- commits late comes later in the chain, whatever its id. Links and seals are HMACs with a key that is
-- not in the database: who has all of the database can take lines out, but can make none that fits.

CREATE TABLE access_link (
    position bigint PRIMARY KEY CHECK (position >= 1),
    line     bigint NOT NULL UNIQUE,
    link     bytea NOT NULL CHECK (octet_length(link) = 32)
);
COMMENT ON TABLE access_link IS
    'One link for each line of access_log: HMAC of the link before, the position and the line. Rows are only ever added.';
COMMENT ON COLUMN access_link.line IS 'access_log.id; no reference, so that a line that is taken out leaves its link behind.';
CREATE TRIGGER access_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_link
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE access_head (
    id        smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    position  bigint NOT NULL CHECK (position >= 0),
    link      bytea NOT NULL CHECK (octet_length(link) = 32),
    settled   bigint NOT NULL CHECK (settled >= 0),
    sealed_at timestamptz,
    seal      bytea CHECK (octet_length(seal) = 32),
    mark_line bigint,
    mark_xid  xid8,
    mark_at   timestamptz,
    CHECK ((seal IS NULL) = (sealed_at IS NULL)),
    CHECK (num_nonnulls(mark_line, mark_xid, mark_at) IN (0, 3))
);
COMMENT ON TABLE access_head IS 'Where the chain ends, signed. The node that holds the row chains.';
COMMENT ON COLUMN access_head.settled IS
    'Every line up to this id is chained: no transaction is left that could still add one.';
COMMENT ON COLUMN access_head.seal IS 'HMAC of position, link, settled and sealed_at.';
COMMENT ON COLUMN access_head.mark_line IS
    'The next settled: it becomes that once all transactions before mark_xid have ended.';
INSERT INTO access_head (position, link, settled) VALUES (0, decode(repeat('00', 32), 'hex'), 0);
