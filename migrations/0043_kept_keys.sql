-- Keys that stay when the master key changes.

CREATE TABLE kept_keys (
    id     smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    sealed bytea NOT NULL CHECK (octet_length(sealed) = 297)
);
COMMENT ON TABLE kept_keys IS
    'Keys of the indexes, the pepper and the trail, sealed under the present master key. Empty until a first `rotate-keys`: '
    'they are drawn from the first master key then.';
