-- What the directory and its administration hold beside the facility itself: licences, contacts,
-- documents, and what is known about those who work there.

CREATE TABLE facility_detail (
    facility       integer PRIMARY KEY REFERENCES facility (id) ON DELETE CASCADE,
    license_number text UNIQUE CHECK (char_length(license_number) BETWEEN 1 AND 50),
    email          text CHECK (char_length(email) BETWEEN 3 AND 120),
    full_name      text CHECK (char_length(full_name) BETWEEN 1 AND 200),
    full_address   text CHECK (char_length(full_address) BETWEEN 1 AND 200),
    city           text CHECK (char_length(city) BETWEEN 1 AND 100),
    state          text CHECK (char_length(state) BETWEEN 1 AND 100),
    postal_code    text CHECK (char_length(postal_code) BETWEEN 1 AND 20),
    country        text CHECK (char_length(country) BETWEEN 1 AND 100),
    website        text CHECK (char_length(website) BETWEEN 1 AND 200),
    offers         text[] NOT NULL DEFAULT '{}' CHECK (array_length(offers, 1) IS NULL OR array_length(offers, 1) <= 50),
    image          uuid,
    verified_at    timestamptz,
    created_at     timestamptz NOT NULL
);
COMMENT ON TABLE facility_detail IS 'Public facts of a facility that a basic phone has no room for, in full length.';
COMMENT ON COLUMN facility_detail.offers IS 'Services in the facility''s own words; facility.services are those that phones ask for.';
CREATE UNIQUE INDEX facility_detail_email ON facility_detail (lower(email));

CREATE TABLE document (
    id         uuid PRIMARY KEY,
    facility   integer REFERENCES facility (id) ON DELETE CASCADE,
    staff      uuid REFERENCES staff (id) ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('license', 'registration', 'image', 'other')),
    media_type text NOT NULL CHECK (media_type IN ('application/pdf', 'image/png', 'image/jpeg', 'image/webp')),
    size       integer NOT NULL CHECK (size BETWEEN 1 AND 5242880),
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (num_nonnulls(facility, staff) = 1)
);
COMMENT ON TABLE document IS 'Documents handed in for verification, and pictures. No file name of theirs is kept.';
COMMENT ON COLUMN document.media_type IS 'As its first octets say, whatever the sender called it.';
COMMENT ON COLUMN document.content IS 'Sealed with the service''s key.';
CREATE INDEX document_by_facility ON document (facility, created_at);
CREATE INDEX document_by_staff ON document (staff, created_at);

ALTER TABLE facility_detail ADD FOREIGN KEY (image) REFERENCES document (id) ON DELETE SET NULL;

CREATE TABLE staff_detail (
    staff       uuid PRIMARY KEY REFERENCES staff (id) ON DELETE CASCADE,
    license_key bytea UNIQUE CHECK (octet_length(license_key) = 32),
    detail      bytea NOT NULL,
    public      boolean NOT NULL DEFAULT false,
    image       uuid REFERENCES document (id) ON DELETE SET NULL,
    verified_at timestamptz
);
COMMENT ON TABLE staff_detail IS 'What a professional''s entry in the directory says.';
COMMENT ON COLUMN staff_detail.license_key IS 'Keyed digest of the licence number: one number, one account.';
COMMENT ON COLUMN staff_detail.detail IS 'Sealed with the service''s key: phone, licence, specialization, address, qualifications.';
COMMENT ON COLUMN staff_detail.public IS 'Whether the directory shows the entry, once it is verified.';
CREATE INDEX staff_detail_public ON staff_detail (staff) WHERE public AND verified_at IS NOT NULL;

CREATE INDEX staff_by_role ON staff (role, id);

CREATE SEQUENCE facility_number MINVALUE 1 MAXVALUE 99999;
COMMENT ON SEQUENCE facility_number IS 'Ids of facilities that register; those of the country''s data are skipped.';
