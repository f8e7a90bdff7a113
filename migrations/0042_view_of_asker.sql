-- Row-level security: what each caller may see and change is in src/store/policies.sql, which
-- `mamacare migrate` applies with the roles, since policies name them.

-- A view reads as its owner unless it says otherwise, and would let everybody past the policies.
ALTER VIEW person_in_care SET (security_invoker = true);
