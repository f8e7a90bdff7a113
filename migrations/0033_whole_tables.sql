-- Queries that read a whole table, as the test of plans found them: taking an account away looks for
-- its sign-ins and links, ended ones too, and a count of patients needs no more than an index.

DROP INDEX sign_in_by_staff, sign_in_by_person, mailed_token_by_staff;
CREATE INDEX sign_in_by_staff ON sign_in (staff) WHERE staff IS NOT NULL;
CREATE INDEX sign_in_by_person ON sign_in (person) WHERE person IS NOT NULL;
CREATE INDEX mailed_token_by_staff ON mailed_token (staff, purpose);
CREATE INDEX person_not_erased ON person (id) WHERE erased_at IS NULL;
