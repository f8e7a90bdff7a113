#!/usr/bin/env bash
# Run once by PostgreSQL's image, in a new cluster: the roles beside the owner. What each may do is given by
# `mamacare migrate`. The reporting and backup roles have no password yet: give them one where you use them.
set -euo pipefail
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set app_password="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE mamacare_app LOGIN PASSWORD :'app_password';
CREATE ROLE mamacare_api NOLOGIN;
GRANT mamacare_api TO mamacare_app;
CREATE ROLE mamacare_report LOGIN;
CREATE ROLE mamacare_backup LOGIN BYPASSRLS;
SQL
