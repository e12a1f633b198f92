# make run · make test · make check · make fuzz · make bench: each installs what it needs into a virtual environment first.
#
#   PORT=8001 make run             another port
#   MEDICHAT_DATA_DIR=... make run  the database, files and development secrets somewhere else than ./var
#   PYTHON=python3.12 make run     another Python (3.11 or newer)
#   VENV=... make run              the virtual environment somewhere else than ./.venv

VENV ?= .venv
PYTHON ?=
export PYTHON VENV
SHELL := /bin/sh
# Always run as a module: programs in a virtual environment under a path with spaces cannot always be started directly.
RUN_PYTHON := "$$VENV/bin/python"

.NOTPARALLEL:
.PHONY: help run test test-postgresql15 check fuzz bench screenshots packages packages-dev libraries browser
.DEFAULT_GOAL := help

help:
	@echo "make run    serve MediChat on http://127.0.0.1:8000 with a small demo clinic"
	@echo "make test   run the tests"
	@echo "make test-postgresql15  row-level security and pgAudit on Debian's PostgreSQL 15"
	@echo "make check  lint, format, types, migrations, production settings, API description, security"
	@echo "make fuzz   ask the API 5,000 generated questions (CASES=... for more)"
	@echo "make bench  measure with a large clinic (takes a while)"
	@echo "make screenshots  pictures of every screen into screenshots/"

run: packages libraries
	@exec $(RUN_PYTHON) manage.py serve

test: packages-dev libraries browser
	@if sh .ci/browser --quiet; then exec $(RUN_PYTHON) -m pytest -n 2 -m "not bench"; \
	else echo "Without Chromium: the browser tests are left out."; \
	exec $(RUN_PYTHON) -m pytest -n 2 -m "not bench and not browser"; fi

# Row-level security and pgAudit on the oldest version: needs Debian's postgresql-15 and postgresql-15-pgaudit.
test-postgresql15: packages-dev libraries
	@exec $(RUN_PYTHON) -m tests.debian_server

check: packages-dev libraries
	@exec sh .ci/check

fuzz: packages-dev libraries
	@GENERATED_CASES=$${CASES:-5000} exec $(RUN_PYTHON) -m pytest tests/api/test_generated_requests.py -n 0 -s

bench: packages-dev libraries
	@exec $(RUN_PYTHON) -m pytest tests/bench -n 0 -m bench -s

screenshots: packages-dev libraries browser
	@EVERY_LOOK=1 exec $(RUN_PYTHON) -m pytest tests/browser -n 2 -k screens -q

packages:
	@sh .ci/packages requirements.txt

packages-dev:
	@sh .ci/packages requirements-dev.txt

libraries: packages
	@sh .ci/libraries

browser:
	@sh .ci/browser
