#!/bin/sh
# A database for each program, owned by a role that may use no other. PostgreSQL's image runs this once, when its volume
# is empty. psql reads the passwords from the environment: arguments are seen by everybody on the machine.
set -eu

make_database() {
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$1" --username="$POSTGRES_USER" --dbname=postgres <<SQL
\\getenv password $2
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

make_database mlflow MLFLOW_DB_PASSWORD
make_database optuna OPTUNA_DB_PASSWORD
