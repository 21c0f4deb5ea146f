#!/bin/bash
# Makes the owner and its database, once, when the data folder is made. The owner is not a superuser.
set -euo pipefail

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
-- Read by psql itself, so that the password stands in no argument and no environment.
\set password `cat /run/secrets/owner_password`
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
CREATE ROLE tenantry_owner LOGIN CREATEROLE NOSUPERUSER NOCREATEDB PASSWORD :'password';
CREATE DATABASE tenantry OWNER tenantry_owner;
SQL
